package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.format.Util;
import org.apache.parquet.format.converter.ParquetMetadataConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
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
                .hasMessageContaining("imageColumn = image; ")
                .hasMessageContaining("has the columns [picture, label]");
        Files.writeString(root.resolve("y.parquet"), "this is no Parquet file at all");
        assertThatThrownBy(() -> source("y.parquet").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("y.parquet as Parquet");
        Files.writeString(root.resolve("z.txt"), "");
        assertThatThrownBy(() -> source("z.txt").list(HADOOP, List.of())).hasMessageContaining("no rows in files");
    }

    /** Writers that are given an empty batch write such row groups; images and labels have to stay together. */
    @Test
    void emptyRowGroupsAreNobodys() throws IOException {
        String schema = "required binary image; required binary label (STRING);";
        for (String name : List.of("cat", "dog")) {
            write(name + ".parquet", schema, 3, (row, i) -> {
                row.add("image", Binary.fromConstantByteArray(new byte[] {(byte) name.charAt(0), i.byteValue()}));
                row.add("label", name);
            });
        }
        MessageType type = MessageTypeParser.parseMessageType("message m { " + schema + " }");
        ParquetFileWriter writer = new ParquetFileWriter(
                HadoopOutputFile.fromPath(
                        new org.apache.hadoop.fs.Path(
                                root.resolve("all.parquet").toString()),
                        HADOOP),
                type,
                ParquetFileWriter.Mode.CREATE,
                1 << 20,
                0,
                64,
                64,
                true);
        writer.start();
        for (String name : List.of("cat", "cat", "dog", "dog")) {
            writer.appendFile(HadoopInputFile.fromPath(
                    new org.apache.hadoop.fs.Path(
                            root.resolve(name + ".parquet").toString()),
                    HADOOP));
        }
        writer.end(Map.of());
        emptyRowGroups(root.resolve("all.parquet"), 0, 2);
        ImageListing listing = source("all.parquet").list(HADOOP, List.of());
        assertThat(listing.examples()).isEqualTo(6);
        for (SourceImage image : read(listing)) {
            byte[] bytes = ((SourceImage.Data.Encoded) image.data()).bytes();
            assertThat((char) bytes[0]).isEqualTo(image.label() == 0 ? 'c' : 'd');
            assertThat(bytes[1]).isEqualTo((byte) (image.id() % 3));
        }
    }

    /** Says in the footer that row groups have no rows, which Java's own writer refuses to write. */
    private static void emptyRowGroups(Path file, int... groups) throws IOException {
        ParquetMetadata footer;
        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toString()), HADOOP))) {
            footer = reader.getFooter();
        }
        for (int group : groups) {
            footer.getBlocks().get(group).setRowCount(0);
        }
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        Util.writeFileMetaData(new ParquetMetadataConverter().toParquetMetadata(1, footer), written);
        byte[] old = Files.readAllBytes(file);
        ByteBuffer end = ByteBuffer.wrap(old).order(ByteOrder.LITTLE_ENDIAN);
        int data = old.length - 8 - end.getInt(old.length - 8);
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
        Files.write(
                file,
                ByteBuffer.allocate(data + written.size() + 8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(old, 0, data)
                        .put(written.toByteArray())
                        .putInt(written.size())
                        .put("PAR1".getBytes(StandardCharsets.US_ASCII))
                        .array());
    }

    @Test
    void labelsOfEveryTypeAreNamesOrNumbersInTheirOrder() throws IOException {
        write("decimal.parquet", "required binary image; required int64 label (DECIMAL(5,1));", 3, (row, i) -> {
            row.add("image", Binary.fromConstantByteArray(new byte[1]));
            row.add("label", new long[] {100, -15, 20}[i]);
        });
        assertThat(source("decimal.parquet").list(HADOOP, List.of()).classNames())
                .containsExactly("-1.5", "2.0", "10.0");
    }

    @Test
    void columnsThatHoldListsAreNamedWithTheirType() throws IOException {
        write("label.parquet", "required binary image; repeated int64 label;", 1, (row, i) -> {
            row.add("image", Binary.fromConstantByteArray(new byte[1]));
            row.add("label", 1L);
        });
        assertThatThrownBy(() -> source("label.parquet").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("the column label")
                .hasMessageContaining("repeated int64 label");
        write(
                "image.parquet",
                "required group image (LIST) { repeated group list { required binary element; } } required int64 label;",
                1,
                (row, i) -> {
                    row.addGroup("image").addGroup("list").add("element", Binary.fromConstantByteArray(new byte[1]));
                    row.add("label", 1L);
                });
        assertThatThrownBy(() -> source("image.parquet").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("the column image");
    }

    /** As Hugging Face's datasets tell beside the columns. */
    @Test
    void numbersThatStandForNamesAreNamed() throws IOException {
        MessageType type =
                MessageTypeParser.parseMessageType("message m { required binary image; required int64 label; }");
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(
                        root.resolve("named.parquet").toString()))
                .withType(type)
                .withExtraMetaData(
                        Map.of(
                                "huggingface",
                                "{\"info\":{\"features\":{\"label\":{\"names\":[\"zebra\",\"ant\",\"bee\"],\"_type\":\"ClassLabel\"}}}}"))
                .build()) {
            for (long label : new long[] {1, 0}) {
                Group row = new SimpleGroup(type);
                row.add("image", Binary.fromConstantByteArray(new byte[1]));
                row.add("label", label);
                writer.write(row);
            }
        }
        ImageListing listing = source("named.parquet").list(HADOOP, List.of());
        assertThat(listing.classNames()).as("in the order of the numbers").containsExactly("zebra", "ant", "bee");
        assertThat(read(listing).stream().map(SourceImage::label)).containsExactly(1, 0);
    }
}
