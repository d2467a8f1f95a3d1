package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.Preparation;
import dev.convoy.testing.Digits;
import dev.convoy.testing.Fuzzer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutants of what describes images. */
@Tag("chaos")
class FuzzedSourcesTest {
    private static final Configuration HADOOP = new Configuration();
    private static final int IMAGES = 7;

    @TempDir
    Path folder;

    /** A few of the test digits. */
    private static byte[] idx(int dimensions, byte[] whole) {
        int header = 4 * (dimensions + 1);
        int size = dimensions == 1 ? 1 : 28 * 28;
        return ByteBuffer.allocate(header + IMAGES * size)
                .put(whole, 0, header + IMAGES * size)
                .putInt(4, IMAGES)
                .array();
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(plain);
        }
        return packed.toByteArray();
    }

    @Test
    void idxImagesAreReadOrRefused() throws Exception {
        IdxSource whole = Digits.test(folder);
        byte[] images = idx(3, Files.readAllBytes(Path.of(whole.images())));
        Path labels = Files.write(folder.resolve("labels"), idx(1, Files.readAllBytes(Path.of(whole.labels()))));
        Fuzzer.of(images, gzip(images)).check(file -> {
            Path mutant = Files.write(folder.resolve("images"), file);
            readAll(new IdxSource(mutant.toString(), labels.toString()));
        });
    }

    @Test
    void idxLabelsAreReadOrRefused() throws Exception {
        IdxSource whole = Digits.test(folder);
        Path images = Files.write(folder.resolve("images"), idx(3, Files.readAllBytes(Path.of(whole.images()))));
        byte[] labels = idx(1, Files.readAllBytes(Path.of(whole.labels())));
        Fuzzer.of(labels, gzip(labels)).check(file -> {
            Path mutant = Files.write(folder.resolve("labels"), file);
            readAll(new IdxSource(images.toString(), mutant.toString()));
        });
    }

    @Test
    void whatLooksLikeAnotherEncodingIsRefused() throws IOException {
        Files.write(folder.resolve(DatasetManifest.FILE), new byte[] {0, 0, -2, -1, -1, -2, -1, 0x61});
        assertThatThrownBy(() -> DatasetManifest.read(HADOOP, folder.toString()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot read")
                .hasMessageContaining("UTF-32");
    }

    private static void readAll(IdxSource source) throws IOException {
        for (ImageSplit split : source.list(HADOOP, List.of()).splits()) {
            for (Iterator<SourceImage> images = split.read(HADOOP, id -> true); images.hasNext(); ) {
                images.next();
            }
        }
    }

    @Test
    void aManifestIsReadOrRefused() throws Exception {
        Path shard =
                Files.write(Files.createDirectory(folder.resolve("train")).resolve("part-00000.parquet"), new byte[9]);
        DatasetManifest.Shard described = new DatasetManifest.Shard(
                "train/" + shard.getFileName(), 2, 9, "0123456789abcdef", List.of("fedcba9876543210"));
        DatasetManifest.ImageSet train = new DatasetManifest.ImageSet(
                2,
                Map.of("cat", 1L, "dog", 1L),
                new DatasetManifest.Statistics(new double[] {0.5, 0.5, 0.5}, new double[] {0.25, 0.25, 0.25}),
                Map.of(32, 2L),
                List.of(described));
        DatasetManifest manifest = new DatasetManifest(
                DatasetManifest.FORMAT,
                List.of("cat", "dog"),
                Map.of("train", train),
                0,
                0,
                0,
                "0123456789abcdef",
                Preparation.ANY);
        Fuzzer.of(manifest.toJson().getBytes(StandardCharsets.UTF_8)).check(file -> {
            Files.write(folder.resolve(DatasetManifest.FILE), file);
            DatasetManifest.read(HADOOP, folder.toString());
        });
    }
}
