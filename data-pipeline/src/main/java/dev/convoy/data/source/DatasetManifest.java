package dev.convoy.data.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.decode.Preparation;
import dev.convoy.storage.AtomicFiles;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a prepared set of images holds: {@code manifest.json}. It is written last, so that a folder with one is
 * complete.
 *
 * @param format of this file, 1
 * @param classes in the order of their indexes
 * @param sets by name, {@code train} and {@code test}
 * @param duplicates images whose bytes are those of another one of the same set
 * @param leaked images of the test set whose bytes are in the training set too
 * @param rejected images that could not be used; {@code rejects.csv} lists them
 * @param hash SHA-256 over the shards' hashes
 * @param preparation how images were brought to one shape before they were stored; null if they are stored as they were
 */
public record DatasetManifest(
        int format,
        List<String> classes,
        Map<String, ImageSet> sets,
        long duplicates,
        long leaked,
        long rejected,
        String hash,
        Preparation preparation) {
    /** The file's name. */
    public static final String FILE = "manifest.json";

    /** The value of {@link #format} that this version writes and reads. */
    public static final int FORMAT = 1;

    /** Names of shards; none outside of the folder matches. */
    private static final Pattern SHARD = Pattern.compile("(train|test)/part-[0-9]+\\.parquet");

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.LOWER_CAMEL_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    /**
     * A set of images.
     *
     * @param images number of images
     * @param perClass number of images of each class, by its name
     * @param statistics of the pixels of all images as they were found; grey ones count as three equal channels
     * @param sizes number of images by their larger side in pixels; keys are upper bounds, powers of two
     * @param shards files, in the order of their names
     */
    public record ImageSet(
            long images,
            Map<String, Long> perClass,
            Statistics statistics,
            Map<Integer, Long> sizes,
            List<Shard> shards) {}

    /**
     * Statistics of the pixels of a set, each for red, green and blue, in units where 255 is 1.
     *
     * @param mean over all pixels
     * @param std standard deviation over all pixels
     */
    public record Statistics(double[] mean, double[] std) {}

    /**
     * A file of images.
     *
     * @param file path under the manifest's folder
     * @param images number of its rows
     * @param bytes size of the file
     * @param hash SHA-256 over those of its rows, each over id, label and image
     * @param groups hash of each of its row groups, made like {@code hash}
     */
    public record Shard(String file, long images, long bytes, String hash, List<String> groups)
            implements Serializable {}

    /** Writes the manifest as JSON. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads a prepared folder's manifest.
     *
     * @throws ConvoyException if there is none, it is of another format or not sound, or a shard is missing or has
     *     another length
     */
    public static DatasetManifest read(Configuration hadoop, String folder) throws IOException {
        Path file = new Path(folder, FILE);
        FileSystem files = file.getFileSystem(hadoop);
        DatasetManifest manifest;
        try (InputStream in = AtomicFiles.open(files, file)) {
            manifest = JSON.readValue(in, DatasetManifest.class);
        } catch (FileNotFoundException e) {
            throw new ConvoyException(
                    "Cannot find " + file + "; run scripts/convoy prepare first, to its end, or check the path", e);
        } catch (JsonProcessingException | CharConversionException e) {
            throw new ConvoyException("Cannot read " + file + ": " + Printable.firstLine(e), e);
        }
        if (manifest == null || manifest.format != FORMAT) {
            throw new ConvoyException("Cannot read " + file + ": its format is "
                    + (manifest == null ? "none" : String.valueOf(manifest.format)) + ", but this version reads "
                    + FORMAT
                    + "; prepare the images again");
        }
        manifest.checkSound(file);
        for (ImageSet set : manifest.sets.values()) {
            for (Shard shard : set.shards) {
                check(files, new Path(folder, shard.file), shard);
            }
        }
        return manifest;
    }

    private void checkSound(Path file) {
        boolean sound = classes != null && sets != null;
        for (ImageSet set : sound ? sets.values() : List.<ImageSet>of()) {
            sound &= set != null && set.shards != null && set.perClass != null;
            for (Shard shard : sound ? set.shards : List.<Shard>of()) {
                sound &= shard != null
                        && shard.file != null
                        && SHARD.matcher(shard.file).matches();
            }
        }
        if (!sound) {
            throw new ConvoyException(
                    "Cannot use " + file + ": it lacks classes or sets, or names a shard that is none of"
                            + " SET/part-N.parquet; prepare the images again");
        }
    }

    private static void check(FileSystem files, Path file, Shard shard) throws IOException {
        long length = files.exists(file) ? files.getFileStatus(file).getLen() : -1;
        if (length != shard.bytes) {
            throw new ConvoyException("Cannot use " + file + ": "
                    + (length < 0 ? "it is missing" : "it has " + length + " bytes")
                    + ", but the manifest says " + shard.bytes + "; prepare the images again");
        }
    }
}
