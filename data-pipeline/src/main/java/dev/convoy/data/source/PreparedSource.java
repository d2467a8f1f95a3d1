package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.Preparation;
import java.io.IOException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * One set of a folder that {@code convoy prepare} has written. Ids are those of the source, less what was rejected:
 * training on it takes the same steps as on the source, if nothing was.
 *
 * @param path the folder with {@code manifest.json}
 * @param set {@code train} or {@code test}
 */
public record PreparedSource(String path, String set) implements ImageSource {
    /** The names of a shard's columns. */
    public static final String ID = "id";

    public static final String IMAGE = "image";
    public static final String LABEL = "label";

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        DatasetManifest manifest = DatasetManifest.read(hadoop, path);
        if (!manifest.sets().containsKey(set)) {
            throw new ConvoyException("Cannot find the set " + set + " in " + path + ", which has "
                    + manifest.sets().keySet() + "; choose one of them");
        }
        DatasetManifest.ImageSet wanted = manifest.sets().get(set);
        ParquetSource shards = new ParquetSource(path + "/" + set, IMAGE, LABEL, ID);
        ParquetSource.Found found = new ParquetSource.Found();
        for (DatasetManifest.Shard shard : wanted.shards()) {
            shards.find(hadoop, new Path(path, shard.file()), found);
        }
        ImageListing listing = shards.listing(found, knownClasses.isEmpty() ? manifest.classes() : knownClasses);
        check(listing, wanted);
        return new ImageListing(listing.info(), checked(listing, wanted));
    }

    @Override
    public Optional<Preparation> preparation(Configuration hadoop) throws IOException {
        return Optional.ofNullable(DatasetManifest.read(hadoop, path).preparation());
    }

    /**
     * Checks that ids are 0 to the number of images, as plans take them to be, and that classes have as many images as
     * they should.
     */
    private void check(ImageListing listing, DatasetManifest.ImageSet wanted) {
        BitSet seen = new BitSet();
        Map<String, Long> perClass = new HashMap<>();
        for (ParquetSource.RowGroup group : groups(listing)) {
            for (long id : group.rowIds()) {
                if (id < 0 || id >= listing.examples() || seen.get((int) id)) {
                    throw damaged("in " + group.file() + " the id " + id + " is "
                            + (id >= 0 && id < listing.examples() ? "not the only one" : "beyond the set's images"));
                }
                seen.set((int) id);
            }
            for (int label : group.labels()) {
                perClass.merge(listing.classNames().get(label), 1L, Long::sum);
            }
        }
        if (listing.examples() != wanted.images()) {
            throw damaged("it has " + listing.examples() + " images, but the manifest says " + wanted.images());
        }
        wanted.perClass().forEach((name, images) -> {
            if (perClass.getOrDefault(name, 0L) != images.longValue()) {
                throw damaged("it has " + perClass.getOrDefault(name, 0L) + " images of " + name
                        + ", but the manifest says " + images);
            }
        });
    }

    private ConvoyException damaged(String what) {
        return new ConvoyException("Cannot use the set " + set + " in " + path + ": " + what
                + "; a shard is damaged or another set's: prepare the images again");
    }

    /** Gives each row group the hash that the manifest has for it; both have the same order. */
    private static List<ParquetSource.RowGroup> checked(ImageListing listing, DatasetManifest.ImageSet wanted) {
        List<String> hashes = wanted.shards().stream()
                .flatMap(shard -> shard.groups() == null ? Stream.of() : shard.groups().stream())
                .toList();
        List<ParquetSource.RowGroup> groups = groups(listing);
        if (hashes.size() != groups.size()) {
            throw new ConvoyException("Cannot use " + listing.description() + ": it has " + groups.size()
                    + " row groups, but the manifest has hashes for " + hashes.size() + "; prepare the images again");
        }
        return IntStream.range(0, groups.size())
                .mapToObj(i -> groups.get(i).checkedBy(new RowsCheck(hashes.get(i), listing.classNames())))
                .toList();
    }

    private static List<ParquetSource.RowGroup> groups(ImageListing listing) {
        return listing.splits().stream().map(ParquetSource.RowGroup.class::cast).toList();
    }
}
