package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParquetSourceTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path root;

    private void write(String name, String schema, int rows, BiConsumer<Group, Integer> fill) throws IOException {
        MessageType type = MessageTypeParser.parseMessageType("message m { " + schema + " }");
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(
                        new org.apache.hadoop.fs.Path(root.resolve(name).toString()))
                .withType(type)
                .withRowGroupSize(8_000L)
                .withDictionaryEncoding(false)
                .build()) {
            for (int i = 0; i < rows; i++) {
                Group row = new SimpleGroup(type);
                fill.accept(row, i);
                writer.write(row);
            }
        }
    }

    private static List<SourceImage> read(ImageListing listing) throws IOException {
        List<SourceImage> images = new ArrayList<>();
        for (ImageSplit split : listing.splits()) {
            split.read(HADOOP, id -> id % 7 != 3).forEachRemaining(images::add);
        }
        return images;
    }

    private ParquetSource source(String name) {
        return new ParquetSource(root.resolve(name).toString(), "image", "label", null);
    }

    @Test
    void rowGroupsAreSplitsAndPositionsAreIds() throws IOException {
        String schema = "required binary image; required binary label (STRING); required double other;";
        for (String file : List.of("b.parquet", "a.parquet")) {
            write(file, schema, 300, (row, i) -> {
                byte[] bytes = new byte[200];
                bytes[0] = i.byteValue();
                bytes[1] = (byte) file.charAt(0);
                row.add("image", Binary.fromConstantByteArray(bytes));
                row.add("label", i % 2 == 0 ? "dog" : "cat");
                row.add("other", 1.5);
            });
        }
        Files.writeString(root.resolve("_SUCCESS"), "");
        Files.writeString(root.resolve("notes.txt"), "not Parquet");
        ImageListing listing = new ParquetSource(root.toString(), "image", "label", null).list(HADOOP, List.of());
        assertThat(listing.examples()).isEqualTo(600);
        assertThat(listing.classNames()).containsExactly("cat", "dog");
        assertThat(listing.splits()).hasSizeGreaterThan(2);
        for (SourceImage image : read(listing)) {
            byte[] bytes = ((SourceImage.Data.Encoded) image.data()).bytes();
            assertThat(bytes[0]).isEqualTo((byte) (image.id() % 300));
            assertThat(bytes[1]).isEqualTo((byte) (image.id() < 300 ? 'a' : 'b'));
            assertThat(image.label()).isEqualTo(image.id() % 2 == 0 ? 1 : 0);
        }
        assertThat(read(listing)).hasSize(600 - 86);
    }

    @Test
    void structsOfHuggingFaceAndOfSparkAreUnderstood() throws IOException {
        write(
                "hf.parquet",
                "required group image { optional binary bytes; optional binary path (STRING); } required int64 label;",
                2,
                (row, i) -> {
                    Group image = row.addGroup("image");
                    if (i == 0) {
                        image.add("bytes", Binary.fromConstantByteArray(new byte[] {9}));
                    }
                    row.add("label", 10L - i);
                });
        ImageListing listing = source("hf.parquet").list(HADOOP, List.of());
        assertThat(listing.classNames()).containsExactly("9", "10");
        List<SourceImage> images = read(listing);
        assertThat(((SourceImage.Data.Encoded) images.get(0).data()).bytes()).containsExactly(9);
        assertThat(images.get(1).data()).isInstanceOf(SourceImage.Data.Unreadable.class);
        write(
                "spark.parquet",
                "required group image { required binary origin (STRING); required int32 height; required int32 width;"
                        + " required int32 nChannels; required int32 mode; required binary data; }"
                        + " required int32 label;",
                2,
                (row, i) -> {
                    Group image = row.addGroup("image");
                    image.add("origin", "x");
                    image.add("height", 1);
                    image.add("width", 2);
                    image.add("nChannels", 3);
                    image.add("mode", 16);
                    byte[] blueGreenRed = i == 0 ? new byte[] {1, 2, 3, 4, 5, 6} : new byte[5];
                    image.add("data", Binary.fromConstantByteArray(blueGreenRed));
                    row.add("label", 0);
                });
        images = read(source("spark.parquet").list(HADOOP, List.of()));
        SourceImage.Data.Pixels pixels = (SourceImage.Data.Pixels) images.get(0).data();
        assertThat(pixels.shape()).isEqualTo(new ImageShape(3, 1, 2));
        assertThat(pixels.bytes()).as("red, green, blue").containsExactly(3, 6, 2, 5, 1, 4);
        assertThat(((SourceImage.Data.Unreadable) images.get(1).data()).reason())
                .contains("holds 5 bytes");
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        write("x.parquet", "required binary picture; required int32 label;", 1, (row, i) -> {
            row.add("picture", Binary.fromConstantByteArray(new byte[1]));
            row.add("label", 1);
        });
        assertThatThrownBy(() -> source("x.parquet").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("no column image but [picture, label]");
        Files.writeString(root.resolve("y.parquet"), "this is no Parquet file at all");
        assertThatThrownBy(() -> source("y.parquet").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("y.parquet as Parquet");
        Files.writeString(root.resolve("z.txt"), "");
        assertThatThrownBy(() -> source("z.txt").list(HADOOP, List.of())).hasMessageContaining("no rows in files");
    }
}
