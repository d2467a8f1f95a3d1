package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.testing.ImageFiles;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files and folders as they are found, and file systems that fail: a bad image each, and never the end or a hang. */
class HostileFilesTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path root;

    private Path cats;

    @BeforeEach
    void oneGoodCat() throws IOException {
        cats = Files.createDirectories(root.resolve("cat"));
        Files.write(cats.resolve("a.png"), ImageFiles.noise("png"));
    }

    private ImageListing folder() throws IOException {
        return new FolderSource(root.toString()).list(HADOOP, List.of());
    }

    private ImageListing listed(String... names) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String name : names) {
            lines.add("{\"path\": \"" + name + "\", \"label\": \"cat\"}");
        }
        Path list = Files.write(root.resolve("list.jsonl"), lines);
        return new ListSource(list.toString(), null).list(HADOOP, List.of());
    }

    private static List<SourceImage> read(ImageListing listing, Configuration hadoop) throws IOException {
        List<SourceImage> images = new ArrayList<>();
        for (ImageSplit split : listing.splits()) {
            split.read(hadoop, id -> true).forEachRemaining(images::add);
        }
        assertThat(images).as("each has its place").hasSize((int) listing.examples());
        return images;
    }

    private static void assertUnreadable(SourceImage image, String name, String reason) {
        assertThat(image.name()).endsWith(name);
        assertThatThrownBy(() -> ImageDecoder.shapeOf(image.data()))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining(reason);
    }

    private static void assertReadable(SourceImage image) throws BadImageException {
        assertThat(ImageDecoder.shapeOf(image.data())).isEqualTo(new ImageShape(3, 20, 30));
    }

    @Test
    void aFileThatVanishesAfterTheListingIsABadImage() throws Exception {
        Files.write(cats.resolve("b.png"), ImageFiles.noise("png"));
        ImageListing listing = folder();
        Files.delete(cats.resolve("a.png"));
        List<SourceImage> images = read(listing, HADOOP);
        assertUnreadable(images.get(0), "cat/a.png", "cannot be read");
        assertReadable(images.get(1));
    }

    @Test
    void namesMayHoldAlmostAnything() throws Exception {
        List<String> names = List.of(
                "a b.png",
                "ümläut 猫 😀.png",
                "new\nline.png",
                "100%25.png",
                "[x]{y}*?.png",
                "#1&2=3;.png",
                "\\t.png",
                "-");
        for (String name : names) {
            Files.write(cats.resolve(name), ImageFiles.noise("jpg"));
        }
        Path odd = Files.createDirectories(root.resolve("%41: [b]\n"));
        Files.write(odd.resolve("x"), ImageFiles.noise("gif"));
        ImageListing listing = folder();
        assertThat(listing.classNames()).containsExactly("%41: [b]\n", "cat");
        List<SourceImage> images = read(listing, HADOOP);
        assertThat(images).hasSize(names.size() + 2);
        for (SourceImage image : images) {
            assertReadable(image);
        }
    }

    /** Though Hadoop cannot open them: it has no name for their checksums. */
    @Test
    void localNamesMayHaveAColon() throws Exception {
        Files.write(cats.resolve("b:c.png"), ImageFiles.noise("png"));
        assertReadable(read(folder(), HADOOP).get(1));
    }

    @Test
    void whatAFileIsSaysItsContentNotItsName() throws Exception {
        Files.write(cats.resolve("b.jpg"), ImageFiles.noise("png"));
        Files.write(cats.resolve("c.txt"), ImageFiles.noise("webp"));
        Files.writeString(cats.resolve("d.jpg"), "<html>");
        List<SourceImage> images = read(folder(), HADOOP);
        assertReadable(images.get(1));
        assertReadable(images.get(2));
        assertUnreadable(images.get(3), "d.jpg", "text, perhaps a web page");
    }

    /** To a folder inside itself, to itself, to each other and to nothing. */
    @Test
    void linksThatLeadNowhereArePassedOver() throws Exception {
        Files.createSymbolicLink(cats.resolve("up"), root);
        Files.createSymbolicLink(cats.resolve("self.png"), cats.resolve("self.png"));
        Files.createSymbolicLink(cats.resolve("x.png"), cats.resolve("y.png"));
        Files.createSymbolicLink(cats.resolve("y.png"), cats.resolve("x.png"));
        Files.createSymbolicLink(cats.resolve("gone.png"), root.resolve("gone.png"));
        Files.createSymbolicLink(cats.resolve("link.png"), cats.resolve("a.png"));
        List<SourceImage> images = read(folder(), HADOOP);
        assertThat(images.stream().map(SourceImage::name).map(name -> name.substring(name.lastIndexOf('/') + 1)))
                .containsExactly("a.png", "link.png");
        assertReadable(images.get(1));
        images = read(listed("cat/gone.png", "cat/x.png", "cat/up/cat/up/cat/a.png", "cat"), HADOOP);
        assertUnreadable(images.get(0), "gone.png", "cannot be read");
        assertUnreadable(images.get(1), "x.png", "cannot be read");
        assertReadable(images.get(2));
        assertUnreadable(images.get(3), "cat", "no regular file");
    }

    @Test
    void aClassFolderThatLoopsIsNamed() throws IOException {
        Files.createSymbolicLink(root.resolve("loop"), root);
        assertThatThrownBy(this::folder).isInstanceOf(ConvoyException.class).hasMessageContaining("the class loop");
        Files.createSymbolicLink(cats.resolve("loop"), cats.resolve("loop"));
        assertThatThrownBy(() -> new FolderSource(cats + "/loop").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot find");
    }

    @Test
    void aFileTwiceInAListIsTwoExamples() throws Exception {
        List<SourceImage> images = read(listed("cat/a.png", "cat/a.png"), HADOOP);
        assertThat(images.stream().map(SourceImage::id)).containsExactly(0L, 1L);
        assertReadable(images.get(1));
    }

    @Test
    void aFilmByMistakeDoesNotFillTheHeap() throws IOException {
        try (RandomAccessFile film =
                new RandomAccessFile(cats.resolve("film.mp4").toFile(), "rw")) {
            film.setLength(3L << 30);
        }
        assertUnreadable(read(folder(), HADOOP).get(1), "film.mp4", "512 MiB");
    }

    @Test
    void whatAFileSystemRefusesIsABadImage() throws Exception {
        Files.write(cats.resolve("denied.png"), ImageFiles.noise("png"));
        List<SourceImage> images = readFailing();
        assertReadable(images.get(0));
        assertUnreadable(images.get(1), "denied.png", "Permission denied");
    }

    /** Of an object store, which says the same of keys that it does not know, or at the moment. */
    @Test
    void anObjectThatIsForbiddenIsABadImageAndDoubtsAreNone() throws Exception {
        Files.write(cats.resolve("forbidden.png"), ImageFiles.noise("png"));
        assertUnreadable(readFailing().get(1), "forbidden.png", "403 AccessDenied");
        Files.move(cats.resolve("forbidden.png"), cats.resolve("doubted.png"));
        assertThatThrownBy(this::readFailing)
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("doubted.png now")
                .hasMessageContaining("NoAuthWithAWSException");
    }

    private List<SourceImage> readFailing() throws Exception {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.failing.impl", Failing.class, Failing.class);
        return read(new FolderSource("failing://" + root).list(hadoop, List.of()), hadoop);
    }

    /** An image that is left out by chance would change what is trained. */
    @Test
    void aHiccupOfTheFileSystemIsNoBadImage() throws Exception {
        Files.write(cats.resolve("hiccup.png"), ImageFiles.noise("png"));
        HICCUPS.set(2);
        assertReadable(readFailing().get(1));
        assertThat(HICCUPS).hasValue(0);
        Files.write(cats.resolve("torn.png"), ImageFiles.noise("png"));
        assertThatThrownBy(this::readFailing)
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("torn.png now")
                .hasMessageContaining("connection lost");
    }

    /** They would be waited for, or never end. */
    @Test
    void pipesAndDevicesAreNoImages() throws Exception {
        Files.createSymbolicLink(cats.resolve("zero.png"), Path.of("/dev/zero"));
        Path pipe = cats.resolve("pipe.png");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        List<SourceImage> images = read(folder(), HADOOP);
        assertUnreadable(images.get(1), "pipe.png", "no regular file");
        assertUnreadable(images.get(2), "zero.png", "no regular file");
    }

    /** How often a read will fail yet. */
    private static final AtomicInteger HICCUPS = new AtomicInteger();

    /** Permissions do not hold for root, and connections do not break by themselves. */
    public static final class Failing extends RawLocalFileSystem {
        @Override
        public URI getUri() {
            return URI.create("failing:///");
        }

        @Override
        public FSDataInputStream open(org.apache.hadoop.fs.Path file, int buffer) throws IOException {
            return switch (file.getName()) {
                case "denied.png" -> throw new AccessControlException("Permission denied: " + file);
                case "forbidden.png" -> throw new AccessDeniedException(file + ": 403 AccessDenied");
                case "doubted.png" -> throw new AccessDeniedException(
                        file + ": NoAuthWithAWSException: no provider has credentials at the moment");
                case "hiccup.png" -> HICCUPS.get() > 0 && HICCUPS.decrementAndGet() >= 0
                        ? new FSDataInputStream(new Torn(super.open(file, buffer)))
                        : super.open(file, buffer);
                case "torn.png" -> new FSDataInputStream(new Torn(super.open(file, buffer)));
                default -> super.open(file, buffer);
            };
        }
    }

    /** A hundred bytes, then no more. */
    @SuppressWarnings("InputStreamSlowMultibyteRead")
    private static final class Torn extends FSInputStream {
        private final InputStream in;
        private int left = 100;

        Torn(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            if (left == 0) {
                throw new EOFException("connection lost");
            }
            left--;
            return in.read();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }

        @Override
        public void seek(long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long getPos() {
            return 100L - left;
        }

        @Override
        public boolean seekToNewSource(long target) {
            return false;
        }
    }

    @Test
    void aSumThatLiesBesideAFileIsHeeded() throws IOException {
        // Of its own: others may have told the one that is shared to do without sums.
        Configuration hadoop = new Configuration();
        hadoop.setBoolean("fs.file.impl.disable.cache", true);
        FileSystem local = FileSystem.newInstanceLocal(hadoop);
        byte[] bytes = Files.readAllBytes(cats.resolve("a.png"));
        try (OutputStream out = local.create(new org.apache.hadoop.fs.Path(cats.toString(), "b.png"))) {
            out.write(bytes);
        }
        assertThat(cats.resolve(".b.png.crc")).exists();
        assertThat(read(folder(), hadoop)).allMatch(image -> image.data() instanceof SourceImage.Data.Encoded);
        bytes[bytes.length / 2]++;
        Files.write(cats.resolve("b.png"), bytes);
        assertThat(read(folder(), HADOOP).get(1).data())
                .isInstanceOfSatisfying(SourceImage.Data.Unreadable.class, data -> assertThat(data.reason())
                        .contains("Checksum error"));
    }
}
