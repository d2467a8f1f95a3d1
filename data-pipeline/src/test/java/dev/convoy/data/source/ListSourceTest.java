package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListSourceTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path root;

    private static List<SourceImage> read(ImageListing listing) throws IOException {
        List<SourceImage> images = new ArrayList<>();
        for (ImageSplit split : listing.splits()) {
            split.read(HADOOP, id -> true).forEachRemaining(images::add);
        }
        return images;
    }

    private Path list(String name, String... lines) throws IOException {
        return Files.write(root.resolve(name), List.of(lines));
    }

    @Test
    void pathsAreRelativeToTheListAndLabelsMakeClasses() throws IOException {
        for (String name : List.of("a b.png", "ü,x.png", "c:d.png", "e\nf.png")) {
            Files.write(root.resolve(name), new byte[] {1, 2, 3});
        }
        Path csv = list(
                "list.csv",
                "label,path,photographer",
                "10,a b.png,x",
                "9,\"ü,x.png\",y",
                "10," + root.resolve("c:d.png") + ",z",
                "9,missing.png,z",
                "9,\"e",
                "f.png\",z");
        ImageListing listing = new ListSource(csv.toString(), null).list(HADOOP, List.of());
        assertThat(listing.classNames()).as("as numbers").containsExactly("9", "10");
        List<SourceImage> images = read(listing);
        assertThat(images.stream().map(SourceImage::label)).containsExactly(1, 0, 1, 0, 0);
        assertThat(images.stream().map(SourceImage::id)).containsExactly(0L, 1L, 2L, 3L, 4L);
        for (int i : new int[] {0, 1, 2, 4}) {
            assertThat(images.get(i).data()).isInstanceOf(SourceImage.Data.Encoded.class);
        }
        assertThat(((SourceImage.Data.Unreadable) images.get(3).data()).reason())
                .contains("missing.png");
    }

    @Test
    void aSplitIsChosenByName() throws IOException {
        Path lines = list(
                "list.jsonl",
                "{\"path\": \"a.png\", \"label\": \"cat\", \"split\": \"train\"}",
                "{\"path\": \"b.png\", \"label\": \"dog\", \"split\": \"test\"}",
                "{\"path\": \"c.png\", \"label\": \"ant\", \"split\": \"train\"}");
        ImageListing train = new ListSource(lines.toString(), "train").list(HADOOP, List.of());
        assertThat(train.examples()).isEqualTo(2);
        assertThat(train.classNames()).containsExactly("ant", "cat");
        assertThatThrownBy(() -> new ListSource(lines.toString(), null).list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("[test, train]");
        assertThatThrownBy(() -> new ListSource(lines.toString(), "valid").list(HADOOP, List.of()))
                .hasMessageContaining("split = valid; ");
        assertThatThrownBy(() -> new ListSource(lines.toString(), "test").list(HADOOP, train.classNames()))
                .hasMessageContaining("dog is not among the classes [ant, cat]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x.csv   | file,label     | a.png,cat         | imageColumn = path; entry 1 of",
                "x.csv   | path,label     | a.png,            | labelColumn = label; entry 1 of",
                "x.jsonl | {\"path\": \"a\", \"label\": 1} | {\"path\": | after entry 1",
                "x.txt   | path           | a.png             | must end in .csv"
            })
    void aListThatCannotBeRightIsRefused(String name, String first, String second, String message) throws IOException {
        Path file = list(name, first, second);
        assertThatThrownBy(() -> new ListSource(file.toString(), null).list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(message);
    }

    @Test
    void emptyAndMissingListsAreRefused() throws IOException {
        Path empty = list("empty.csv", "path,label");
        assertThatThrownBy(() -> new ListSource(empty.toString(), null).list(HADOOP, List.of()))
                .hasMessageContaining("has no entries");
        assertThatThrownBy(() -> new ListSource(root + "/none.csv", null).list(HADOOP, List.of()))
                .hasMessageContaining("Cannot find");
    }

    private void assertTwoImages(ListSource source) throws IOException {
        ImageListing listing = source.list(HADOOP, List.of());
        assertThat(listing.classNames()).containsExactly("cat", "dog");
        List<SourceImage> images = read(listing);
        assertThat(images.stream().map(SourceImage::label)).containsExactly(1, 0);
        for (SourceImage image : images) {
            assertThat(image.data()).isInstanceOf(SourceImage.Data.Encoded.class);
        }
    }

    /** As spreadsheets, PowerShell and pandas write them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "mark.csv|\uFEFFpath,label\r\na.png,dog\r\nb.png,cat\r\n",
                "mark.jsonl|\uFEFF{\"path\":\"a.png\",\"label\":\"dog\"}\n{\"path\":\"b.png\",\"label\":\"cat\"}\n",
                "capitals.csv|Path,LABEL\na.png,dog\nb.png,cat\n",
                "semicolons.csv|path;label\na.png;dog\nb.png;cat\n",
                "tabs.tsv|path\tlabel\na.png\tdog\nb.png\tcat\n",
                "packed.csv.gz|path,label\na.png,dog\nb.png,cat\n",
                "SHOUTED.CSV.GZ|path,label\na.png,dog\nb.png,cat\n"
            })
    void listsAreReadAsProgramsWriteThem(String file) throws IOException {
        String name = file.substring(0, file.indexOf('|'));
        images();
        byte[] text = file.substring(file.indexOf('|') + 1).getBytes(StandardCharsets.UTF_8);
        Files.write(root.resolve(name), name.toLowerCase(Locale.ROOT).endsWith(".gz") ? zipped(text) : text);
        assertTwoImages(new ListSource(root.resolve(name).toString(), null));
    }

    private static byte[] zipped(byte[] text) throws IOException {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
            out.write(text);
        }
        return zipped.toByteArray();
    }

    private void images() throws IOException {
        Files.write(root.resolve("a.png"), new byte[] {1});
        Files.write(root.resolve("b.png"), new byte[] {1});
    }

    /** As Spark writes a DataFrame; names start beside the folder. */
    @Test
    void aFolderOfFilesIsOneList() throws IOException {
        images();
        Files.createDirectory(root.resolve("list.csv"));
        list("list.csv/_SUCCESS");
        list("list.csv/part-0.csv", "path,label", "a.png,dog");
        list("list.csv/part-1.csv", "path,label", "b.png,cat");
        assertTwoImages(new ListSource(root.resolve("list.csv").toString(), null));
        list("x-0.csv", "path,label", "a.png,dog");
        list("x-1.csv", "path,label", "b.png,cat");
        assertTwoImages(new ListSource(root + "/x-*.csv", null));
    }

    @Test
    void columnsHaveTheNamesThatTheyAreGiven() throws IOException {
        images();
        Path csv = list("list.csv", "file,species,split", "a.png,dog,1", "b.png,cat,1", "c.png,cow,2");
        assertTwoImages(new ListSource(csv.toString(), "1", "file", "species", false));
        Path lines = list(
                "list.jsonl",
                "{\"file\":\"a.png\",\"species\":\"dog\",\"split\":1}",
                "{\"file\":\"b.png\",\"species\":\"cat\",\"split\":1}");
        assertTwoImages(new ListSource(lines.toString(), "1", "file", "species", false));
        assertThatThrownBy(() -> new ListSource(csv.toString(), "1").list(HADOOP, List.of()))
                .hasMessageContaining("imageColumn = path; entry 1 of")
                .hasMessageContaining("species=dog");
    }

    /** A list may be somebody else's, and would read with the rights of who trains on it. */
    @ParameterizedTest
    @ValueSource(strings = {"/etc/passwd", "../x.png", "cat/../../x.png", "http://localhost:1/x.png", "hdfs://h/x"})
    void filesOutsideOfItsFolderAreRefused(String file) throws IOException {
        Path csv = list("list.csv", "path,label", file + ",dog");
        assertThatThrownBy(() -> new ListSource(csv.toString(), null).list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("outside of the list's folder")
                .hasMessageContaining("anywhere");
        assertThat(new ListSource(csv.toString(), null, "path", "label", true)
                        .list(HADOOP, List.of())
                        .examples())
                .isEqualTo(1);
    }

    @Test
    void whatAnotherSplitLacksDoesNotMatter() throws IOException {
        images();
        Path csv = list("list.csv", "path,label,split", "a.png,dog,train", "b.png,cat,train", "c.png,,test", ",,test");
        assertTwoImages(new ListSource(csv.toString(), "train"));
        assertThatThrownBy(() -> new ListSource(csv.toString(), "test").list(HADOOP, List.of()))
                .hasMessageContaining("labelColumn = label; entry 3");
    }

    @Test
    void aDamagedArchiveIsNamed() throws IOException {
        byte[] whole = zipped("path,label\na.png,dog\nb.png,cat\n".getBytes(StandardCharsets.UTF_8));
        Path cut = Files.write(root.resolve("cut.csv.gz"), Arrays.copyOf(whole, whole.length - 9));
        Path none = Files.writeString(root.resolve("none.csv.gz"), "path,label\na.png,dog\n");
        for (Path list : List.of(cut, none)) {
            assertThatThrownBy(() -> new ListSource(list.toString(), null).list(HADOOP, List.of()))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining(list.getFileName().toString())
                    .hasMessageContaining("it is cut short or no gzip file");
        }
    }
}
