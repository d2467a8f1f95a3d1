package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderSourceTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path root;

    @Test
    void classesAndFilesComeInTheOrderOfTheirNamesWithoutHiddenOnes() throws IOException {
        for (String file : List.of("dog/2.png", "dog/1.jpg", "cat/b c.png", "cat/.hidden", "_log/x", ".git/y")) {
            write(file);
        }
        write("README.txt");
        ImageListing listing = new FolderSource(root.toString()).list(HADOOP, List.of());
        assertThat(listing.classNames()).containsExactly("cat", "dog");
        assertThat(listing.examples()).isEqualTo(3);
        List<SourceImage> images = read(listing);
        assertThat(images.stream()
                        .map(image -> Path.of(image.name()).getFileName().toString()))
                .containsExactly("b c.png", "1.jpg", "2.png");
        assertThat(images.stream().map(SourceImage::id)).containsExactly(0L, 1L, 2L);
        assertThat(images.stream().map(SourceImage::label)).containsExactly(0, 1, 1);
    }

    /** Cameras begin names with an underscore in one colour mode. */
    @Test
    void photographsWithAnUnderscoreAreTaken() throws IOException {
        for (String file : List.of("cat/_MG_1234.JPG", "cat/_SUCCESS", "cat/a.png", "cat/._a.png", "_tmp/x.png")) {
            write(file);
        }
        List<SourceImage> images = read(new FolderSource(root.toString()).list(HADOOP, List.of()));
        assertThat(images.stream()
                        .map(image -> Path.of(image.name()).getFileName().toString()))
                .containsExactly("_MG_1234.JPG", "a.png");
    }

    @Test
    void classesAreInTheOrderOfTheirNumbersIfAllAreNumbers() throws IOException {
        for (String name : List.of("10", "9", "-1", "2.5")) {
            write(name + "/x.png");
        }
        ImageListing listing = new FolderSource(root.toString()).list(HADOOP, List.of());
        assertThat(listing.classNames()).containsExactly("-1", "2.5", "9", "10");
        assertThat(read(listing).stream().map(SourceImage::label)).containsExactly(0, 1, 2, 3);
    }

    /** Linux writes an accented letter as one character, macOS as two. */
    @Test
    void composedAndDecomposedNamesAreOneClass() throws IOException {
        write("caf\u00E9/1.png");
        write("cafe\u0301/2.png");
        ImageListing listing = new FolderSource(root.toString()).list(HADOOP, List.of());
        assertThat(listing.classNames()).containsExactly("caf\u00E9");
        assertThat(listing.examples()).isEqualTo(2);
        assertThat(new FolderSource(root.toString())
                        .list(HADOOP, List.of("cafe\u0301"))
                        .examples())
                .isEqualTo(2);
    }

    @Test
    void aPatternTakesNothingHiddenAlong() throws IOException {
        for (String part : List.of("one", "two", ".ipynb_checkpoints", "_tmp")) {
            write(part + "/cat/x.png");
        }
        assertThat(new FolderSource(root + "/*").list(HADOOP, List.of()).examples())
                .isEqualTo(2);
        assertThat(new FolderSource(root + "/_*").list(HADOOP, List.of()).examples())
                .isEqualTo(1);
    }

    @Test
    void classesOfAModelDecideTheIndexes() throws IOException {
        write("dog/1.png");
        ImageListing listing = new FolderSource(root.toString()).list(HADOOP, List.of("bird", "cat", "dog"));
        assertThat(read(listing).get(0).label()).isEqualTo(2);
        assertRefused(List.of("bird", "cat"), "dog is not among the classes [bird, cat]");
    }

    @Test
    void anEmptyClassIsRefused() throws IOException {
        write("cat/1.png");
        Files.createDirectory(root.resolve("dog"));
        assertRefused(List.of(), "the class dog");
    }

    @Test
    void aFolderWithoutClassesIsRefused() throws IOException {
        write("1.png");
        assertRefused(List.of(), "one folder with a folder of images for each class");
    }

    @Test
    void aMissingFolderIsNamed() {
        assertThatThrownBy(() -> new FolderSource(root + "/none").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(root + "/none");
    }

    private void assertRefused(List<String> classes, String message) {
        assertThatThrownBy(() -> new FolderSource(root.toString()).list(HADOOP, classes))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(message);
    }

    private void write(String file) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.write(root.resolve(file), new byte[] {1});
    }

    private static List<SourceImage> read(ImageListing listing) throws IOException {
        return StreamSupport.stream(
                        Spliterators.spliteratorUnknownSize(
                                listing.splits().get(0).read(HADOOP, id -> true), 0),
                        false)
                .toList();
    }
}
