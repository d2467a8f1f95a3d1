package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
