package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.convoy.testing.Store;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.io.output.ProxyOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.Syncable;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a local disk, where Hadoop itself looks first and acts afterwards. */
class AtomicFilesTest {
    @TempDir
    java.nio.file.Path root;

    private FileSystem files;

    @BeforeEach
    void open() throws IOException {
        files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
    }

    private Path path(String name) {
        return new Path(root.resolve(name).toString());
    }

    @Test
    void oneOfManyCreatesAFile() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int i = 0; i < 200; i++) {
                Path file = path("claim-" + i);
                CountDownLatch together = new CountDownLatch(4);
                List<Future<Boolean>> made = new ArrayList<>();
                for (int thread = 0; thread < 4; thread++) {
                    byte[] own = {(byte) thread};
                    made.add(threads.submit(() -> {
                        together.countDown();
                        together.await();
                        return AtomicFiles.createNew(files, file, own);
                    }));
                }
                int winners = 0;
                for (Future<Boolean> one : made) {
                    winners += one.get() ? 1 : 0;
                }
                assertThat(winners).isEqualTo(1);
                int winner = IntStream.range(0, 4)
                        .filter(thread -> won(made.get(thread)))
                        .findFirst()
                        .orElseThrow();
                assertThat(Files.readAllBytes(root.resolve("claim-" + i))).containsExactly(winner);
            }
            try (Stream<java.nio.file.Path> all = Files.list(root)) {
                assertThat(all).as("nothing beside the files").hasSize(200);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void readersSeeTheOldOrTheNewFileWhole() throws Exception {
        Path file = path("state");
        byte[][] contents = {
            "a".repeat(100_000).getBytes(StandardCharsets.UTF_8),
            "b".repeat(100_000).getBytes(StandardCharsets.UTF_8)
        };
        AtomicFiles.replace(files, file, out -> out.write(contents[0]));
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService reader = Executors.newSingleThreadExecutor();
        try {
            Future<Boolean> whole = reader.submit(() -> {
                boolean sound = true;
                while (!done.get()) {
                    byte[] seen = Files.readAllBytes(root.resolve("state"));
                    byte[] first = contents[seen.length > 0 && seen[0] == 'b' ? 1 : 0];
                    sound &= java.util.Arrays.equals(seen, first);
                }
                return sound;
            });
            for (int i = 0; i < 300; i++) {
                byte[] next = contents[i % 2];
                AtomicFiles.replace(files, file, out -> out.write(next));
            }
            done.set(true);
            assertThat(whole.get()).isTrue();
        } finally {
            done.set(true);
            reader.shutdownNow();
        }
    }

    @Test
    void whatFailsLeavesTheOldFileAndNothingElse() throws IOException {
        AtomicFiles.replace(files, path("state"), out -> out.write(1));
        assertThatThrownBy(() -> AtomicFiles.replace(files, path("state"), out -> {
                    out.write(2);
                    throw new IOException("full");
                }))
                .hasMessage("full");
        assertThat(Files.readAllBytes(root.resolve("state"))).containsExactly(1);
        try (Stream<java.nio.file.Path> left = Files.list(root)) {
            assertThat(left).hasSize(1);
        }
    }

    @Test
    void aNameThatIsTakenIsNotGivenAgain() throws IOException {
        files.mkdirs(path("a"));
        files.mkdirs(path("b"));
        assertThatThrownBy(() -> AtomicFiles.renameNew(files, path("a"), path("b")))
                .isInstanceOf(IOException.class);
        AtomicFiles.renameNew(files, path("a"), path("c"));
        assertThat(root.resolve("c")).isDirectory();
        assertThat(root.resolve("b")).isEmptyDirectory();
    }

    private static boolean won(Future<Boolean> made) {
        try {
            return made.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    /** A file system whose files fail as HDFS's do: with one exception when they are written and when they are closed. */
    private static final class Failing extends RawLocalFileSystem {
        private final IOException reason = new IOException("no space");
        private final List<String> calls = new ArrayList<>();
        private final boolean fails;

        Failing(java.nio.file.Path root, boolean fails) throws IOException {
            this.fails = fails;
            initialize(root.toUri(), new Configuration());
        }

        /** Notes what is done to it. */
        private final class Sink extends OutputStream implements Syncable {
            @Override
            public void write(int b) {}

            @Override
            public void hflush() {}

            @Override
            public void hsync() throws IOException {
                calls.add("sync");
                fail();
            }

            @Override
            public void close() throws IOException {
                calls.add("close");
                fail();
            }

            private void fail() throws IOException {
                if (fails) {
                    throw reason;
                }
            }
        }

        @Override
        public FSDataOutputStream create(
                Path file, boolean overwrite, int buffer, short copies, long block, Progressable progress)
                throws IOException {
            return new FSDataOutputStream(new Sink(), null);
        }

        @Override
        public boolean delete(Path file, boolean recursive) throws IOException {
            calls.add("delete");
            fail(fails);
            return false;
        }

        private void fail(boolean now) throws IOException {
            if (now) {
                throw reason;
            }
        }
    }

    @Test
    void whatIsWrittenIsOnDiskBeforeItIsClosed() throws IOException {
        Failing sound = new Failing(root, false);
        AtomicFiles.write(sound, path("a"), out -> out.write(1));
        assertThat(sound.calls).containsExactly("sync", "close");
    }

    @Test
    void oneExceptionThatIsThrownAgainAndAgainIsTold() throws IOException {
        Failing failing = new Failing(root, true);
        assertThatThrownBy(() -> AtomicFiles.replace(failing, path("a"), out -> out.write(1)))
                .isSameAs(failing.reason)
                .hasNoSuppressedExceptions();
        assertThat(failing.calls).containsExactly("sync", "close", "delete");
        IOException other = new IOException("other");
        AtomicFiles.deleteAfter(other, failing, path("a"));
        assertThat(other).hasSuppressedException(failing.reason);
    }

    @Test
    void thisMachinesDisksAreLocal() throws IOException {
        assertThat(AtomicFiles.isLocal(files)).isTrue();
        assertThat(AtomicFiles.isLocal(new RawLocalFileSystem())).isTrue();
        assertThat(AtomicFiles.isLocal(FileSystem.get(URI.create("viewfs:///"), new Configuration(views()))))
                .isFalse();
    }

    private Configuration views() {
        Configuration hadoop = new Configuration();
        hadoop.set("fs.viewfs.mounttable.default.link./data", root.toUri().toString());
        return hadoop;
    }

    /** Neither Hadoop's local files nor those of a name node: the way of every other file system. */
    @Test
    void otherFileSystemsCreateReplaceAndRename() throws IOException {
        Configuration hadoop = views();
        hadoop.set("fs.defaultFS", "viewfs:///");
        FileSystem view = FileSystem.get(URI.create("viewfs:///"), hadoop);
        Path file = new Path("/data/folder/file");
        assertThat(AtomicFiles.createNew(view, file, new byte[] {1})).isTrue();
        assertThat(AtomicFiles.createNew(view, file, new byte[] {2})).isFalse();
        assertThat(Files.readAllBytes(root.resolve("folder/file"))).containsExactly(1);
        assertThat(AtomicFiles.publishNew(view, file, new byte[] {2})).isFalse();
        assertThat(Files.readAllBytes(root.resolve("folder/file"))).containsExactly(1);
        Path published = new Path("/data/new/published");
        assertThat(AtomicFiles.publishNew(view, published, new byte[] {4})).isTrue();
        try (Stream<java.nio.file.Path> all = Files.list(root.resolve("folder"))) {
            assertThat(all.map(path -> path.getFileName().toString()))
                    .as("nothing is left beside the file, but for Hadoop's checksum")
                    .containsExactlyInAnyOrder("file", ".file.crc");
        }
        assertThat(Files.readAllBytes(root.resolve("new/published"))).containsExactly(4);
        AtomicFiles.replace(view, file, out -> out.write(3));
        assertThat(Files.readAllBytes(root.resolve("folder/file"))).containsExactly(3);
        AtomicFiles.renameNew(view, file, new Path("/data/folder/other"));
        assertThat(Files.readAllBytes(root.resolve("folder/other"))).containsExactly(3);
        assertThat(root.resolve("folder/file")).doesNotExist();
    }

    /** Not one of this machine's disks, as far as is known; nothing that is written gets to its end. */
    private static final class Full extends FilterFileSystem {
        private final boolean opens;

        Full(FileSystem under, boolean opens) {
            super(under);
            this.opens = opens;
        }

        @Override
        public FSDataOutputStream create(
                Path file,
                FsPermission permission,
                boolean overwrite,
                int buffer,
                short copies,
                long block,
                Progressable progress)
                throws IOException {
            if (!opens) {
                throw new IOException("quota");
            }
            OutputStream out = super.create(file, permission, overwrite, buffer, copies, block, progress);
            return new FSDataOutputStream(
                    new ProxyOutputStream(out) {
                        @Override
                        protected void beforeWrite(int count) throws IOException {
                            throw new IOException("quota");
                        }
                    },
                    null);
        }
    }

    @Test
    void whatOtherFileSystemsCannotWriteIsTold() throws IOException {
        Path file = path("file");
        assertThatThrownBy(() -> AtomicFiles.createNew(new Full(files, false), file, new byte[] {1}))
                .hasMessage("quota");
        assertThatThrownBy(() -> AtomicFiles.publishNew(new Full(files, true), file, new byte[] {1}))
                .hasMessage("quota");
        assertThat(names()).isEmpty();
    }

    private List<String> names() throws IOException {
        try (Stream<java.nio.file.Path> all = Files.list(root)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void onlyWhatIsHalfWrittenIsSwept() throws IOException {
        Files.createFile(root.resolve(".model.json.0b5c1c4e-0000-4000-8000-0123456789ab.tmp"));
        Files.createFile(root.resolve("model.json"));
        Files.createFile(root.resolve(".hidden.tmp"));
        AtomicFiles.sweep(files, new Path(root.toString()));
        AtomicFiles.sweep(files, new Path(root.resolve("none").toString()));
        assertThat(names()).containsExactly(".hidden.tmp", "model.json");
    }

    @Test
    void whatIsPublishedIsThereOnce() throws IOException {
        Path file = new Path(root.resolve("new").toString());
        assertThat(AtomicFiles.publishNew(files, file, new byte[] {1})).isTrue();
        assertThat(AtomicFiles.publishNew(files, file, new byte[] {2})).isFalse();
        assertThat(root.resolve("new")).hasBinaryContent(new byte[] {1});
        assertThat(names()).containsExactly("new");
    }

    /** Renaming is a copy and a deletion there, between which a file that is replaced would be gone. */
    @Test
    void anObjectIsReplacedByAnUploadThatEnds() throws IOException {
        Store store = new Store(files, "s3a://bucket");
        Path file = path("weights");
        AtomicFiles.replace(store, file, out -> out.write(1));
        AtomicFiles.replace(store, file, out -> {
            out.write(2);
            assertThat(root.resolve("weights")).hasBinaryContent(new byte[] {1});
        });
        assertThat(root.resolve("weights")).hasBinaryContent(new byte[] {2});
        assertThatThrownBy(() -> AtomicFiles.replace(store, file, out -> {
                    out.write(3);
                    throw new IOException("the line is cut");
                }))
                .hasMessage("the line is cut");
        assertThat(root.resolve("weights")).hasBinaryContent(new byte[] {2});
        assertThat(names()).containsExactly("weights");
    }

    /** Hadoop says on local disks that they are not there. */
    @Test
    void whatCannotBeReadIsNotSaidToBeMissing() throws IOException {
        assertThatThrownBy(() -> AtomicFiles.open(files, path("none"))).isInstanceOf(FileNotFoundException.class);
        Files.createDirectory(root.resolve("folder"));
        assertThatThrownBy(() -> AtomicFiles.open(files, path("folder")))
                .isNotInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("/folder is a folder");
        java.nio.file.Path closed = Files.createFile(
                root.resolve("closed"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("-w-------")));
        assumeFalse(Files.isReadable(closed), "root may read everything");
        assertThatThrownBy(() -> AtomicFiles.open(files, path("closed")))
                .isNotInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("/closed may not be read by this user");
    }

    /** As distcp brings a model: Hadoop keeps a sum beside each file, and would find what replaces it damaged. */
    @Test
    void sumsOfWhatIsReplacedGoWithIt() throws IOException {
        FileSystem summed = FileSystem.newInstanceLocal(new Configuration());
        Path file = path("model.json");
        try (FSDataOutputStream out = summed.create(file)) {
            out.write(1);
        }
        assertThat(names()).containsExactly(".model.json.crc", "model.json");
        AtomicFiles.replace(files, file, out -> out.write(2));
        try (InputStream in = summed.open(file)) {
            assertThat(in.readAllBytes()).containsExactly(2);
        }
        assertThat(names()).containsExactly("model.json");
        AtomicFiles.replace(summed, file, out -> out.write(3));
        try (InputStream in = summed.open(file)) {
            assertThat(in.readAllBytes()).containsExactly(3);
        }
        assertThat(names()).containsExactly(".model.json.crc", "model.json");
        Files.delete(root.resolve("model.json"));
        assertThat(AtomicFiles.createNew(summed, file, new byte[] {4})).isTrue();
        try (InputStream in = summed.open(file)) {
            assertThat(in.readAllBytes()).containsExactly(4);
        }
    }
}
