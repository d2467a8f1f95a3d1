package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
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
}
