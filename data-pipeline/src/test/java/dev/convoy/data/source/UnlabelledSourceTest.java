package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnlabelledSourceTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path root;

    private Path file(String name) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, new byte[] {1, 2, 3});
    }

    /** Names of the images below the root, in their order; ids are checked on the way. */
    private List<String> names(String path) throws IOException {
        ImageListing listing = new UnlabelledSource(path, null, false).list(HADOOP);
        assertThat(listing.classNames()).isEmpty();
        List<String> names = new ArrayList<>();
        for (ImageSplit split : listing.splits()) {
            split.read(HADOOP, id -> true).forEachRemaining(image -> {
                assertThat(image.id()).isEqualTo(names.size());
                assertThat(image.target()).isSameAs(Target.UNKNOWN);
                assertThat(image.data()).isInstanceOf(SourceImage.Data.Encoded.class);
                names.add(image.name().replace("file:" + root + "/", ""));
            });
        }
        assertThat(listing.examples()).isEqualTo(names.size());
        return names;
    }

    @Test
    void foldersAreTakenHoweverDeepWithoutWhatIsHidden() throws IOException {
        for (String name : List.of(
                "b.png",
                "a.jpg",
                "x/y/z/deep.png",
                "x/_MG_1.jpg",
                ".hidden.png",
                "_SUCCESS",
                ".git/a.png",
                "_temporary/b.png")) {
            file(name);
        }
        assertThat(names(root.toString())).containsExactly("a.jpg", "b.png", "x/_MG_1.jpg", "x/y/z/deep.png");
        assertThat(names(root + "/b.png")).containsExactly("b.png");
        assertThat(names(root + "/*.{png,jpg}")).containsExactly("a.jpg", "b.png");
        assertThat(names(root + "/x/*.jpg")).as("as the folder").containsExactly("x/_MG_1.jpg");
        assertThat(names(root + "/x*")).containsExactly("x/_MG_1.jpg", "x/y/z/deep.png");
    }

    @Test
    void namesMayHaveAnythingButASlash() throws IOException {
        List<String> odd = List.of("a b.png", "a%20b.png", "a\nb.png", "a\u00e4\u65e5.png", "a'\"b.png", "a#?b.png");
        for (String name : odd) {
            file("x/" + name);
        }
        Files.createSymbolicLink(root.resolve("x/gone.png"), root.resolve("nowhere"));
        assertThat(names(root.toString()))
                .containsExactlyInAnyOrderElementsOf(
                        odd.stream().map(name -> "x/" + name).toList());
    }

    @Test
    void listsNeedNoClasses() throws IOException {
        file("a.png");
        file("sub/b.png");
        Path csv = Files.write(root.resolve("list.csv"), List.of("path,split", "sub/b.png,train", "a.png,test"));
        assertThat(names(csv.toString())).containsExactly("sub/b.png", "a.png");
        Path lines = Files.write(root.resolve("list.jsonl"), List.of("{\"path\": \"a.png\"}"));
        assertThat(names(lines.toString())).containsExactly("a.png");
        Path outside = Files.write(
                root.resolve("sub/list.csv"),
                List.of("path", root.resolve("a.png").toString()));
        assertThatThrownBy(() -> names(outside.toString())).hasMessageContaining("lies outside of the list's folder");
        assertThat(new UnlabelledSource(outside.toString(), null, true)
                        .list(HADOOP)
                        .examples())
                .isEqualTo(1);
        Path wrong = Files.write(root.resolve("wrong.csv"), List.of("file", "a.png"));
        assertThatThrownBy(() -> names(wrong.toString())).hasMessageContaining("path");
        assertThat(new UnlabelledSource(wrong.toString(), "file", false)
                        .list(HADOOP)
                        .examples())
                .isEqualTo(1);
    }

    /** As a web application's, whose pictures are no prepared set. */
    @Test
    void picturesBesideAManifestAreTaken() throws IOException {
        for (String name : List.of("manifest.json", "icon.png", "rejects.csv", "icons/b.png")) {
            file(name);
        }
        assertThat(names(root.toString())).containsExactly("icon.png", "icons/b.png");
    }

    @Test
    void whereThereIsNothingItIsSaid() throws IOException {
        Files.createDirectories(root.resolve("empty"));
        assertThatThrownBy(() -> names(root.resolve("empty").toString()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot find an image in");
        assertThatThrownBy(() -> names(root.resolve("none").toString())).hasMessageContaining("check the path");
        file("table.parquet");
        assertThatThrownBy(() -> names(root.resolve("table.parquet").toString()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("as Parquet");
    }

    @Test
    void linksToFoldersAboveAreNotFollowed() throws IOException {
        file("a.png");
        file("x/b.png");
        file("y/c.png");
        Files.createSymbolicLink(root.resolve("latest"), Path.of("."));
        Files.createSymbolicLink(root.resolve("x/up"), root);
        Files.createSymbolicLink(root.resolve("z"), root.resolve("y"));
        assertThat(names(root.toString())).containsExactly("a.png", "x/b.png", "y/c.png", "z/c.png");
    }

    @Test
    void aPatternBelowAHiddenFolderFindsWhatIsNot() throws IOException {
        file("_work/a/x/1.png");
        file("_work/b/y/2.png");
        file("_work/b/.y/4.png");
        assertThat(names(root + "/_work/{a/x,b/y}/*")).containsExactly("_work/a/x/1.png", "_work/b/y/2.png");
        assertThat(names(root + "/_work/*/*/*.png")).containsExactly("_work/a/x/1.png", "_work/b/y/2.png");
    }
}
