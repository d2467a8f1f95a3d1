package dev.convoy.data;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * One set of a folder that {@code convoy prepare} has written. Ids are those of the source, less what was rejected: training on it takes the
 * same steps as on the source, if nothing was.
 *
 * @param path the folder with {@code manifest.json}
 * @param set {@code train} or {@code test}
 */
public record PreparedSource(String path, String set) implements ImageSource {
    /** The columns of a shard. */
    public static final String ID = "id";

    public static final String IMAGE = "image";
    public static final String LABEL = "label";

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        DatasetManifest manifest = DatasetManifest.read(hadoop, path);
        if (!manifest.sets().containsKey(set)) {
            throw new ConvoyException("Cannot find the set " + set + " in " + path + ", which has "
                    + manifest.sets().keySet() + "; set split to one of them");
        }
        return new ParquetSource(path + "/" + set, IMAGE, LABEL, ID)
                .list(hadoop, knownClasses.isEmpty() ? manifest.classes() : knownClasses);
    }
}
