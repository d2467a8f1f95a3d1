package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFileTest {
    private static final long SIZE = 1_000;
    /** Linux gives no process such a number. */
    private static final String NOBODY = "-2147483646-";

    @Test
    void filesOfKilledProcessesAreDeletedAndThoseOfRunningOnesAreNot() throws IOException {
        try (SharedFile used = SharedFile.create(SIZE)) {
            String left = used.path()
                    .getFileName()
                    .toString()
                    .replace("-" + ProcessHandle.current().pid() + "-", NOBODY);
            Path leftBehind = Files.createFile(used.path().resolveSibling(left));
            Path elsewhere = Files.createFile(used.path().resolveSibling("convoy-1" + NOBODY + "other.shared"));
            try (SharedFile next = SharedFile.create(SIZE)) {
                assertThat(leftBehind).doesNotExist();
                assertThat(used.path()).exists();
                assertThat(elsewhere)
                        .as("of a container with process numbers of its own")
                        .exists();
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(next.path())))
                        .isEqualTo("rw-------");
                assertThat(next.path()).hasSize(SIZE);
            } finally {
                Files.deleteIfExists(leftBehind);
                Files.deleteIfExists(elsewhere);
            }
        }
    }

    @Test
    void aFolderThatTakesNoFileIsPassedOver(@TempDir Path folder) throws IOException {
        try (SharedFile file = SharedFile.create(List.of(folder.resolve("missing"), folder), SIZE)) {
            assertThat(file.path()).hasParent(folder).hasSize(SIZE);
        }
        // What is left behind may be what takes the space.
        Path left;
        try (SharedFile file = SharedFile.create(List.of(folder), SIZE)) {
            left = file.path()
                    .resolveSibling(file.path()
                            .getFileName()
                            .toString()
                            .replace("-" + ProcessHandle.current().pid() + "-", NOBODY));
        }
        Files.createFile(left);
        long tooMuch = Long.MAX_VALUE / 2;
        assertThatThrownBy(() -> SharedFile.create(List.of(folder.resolve("missing"), folder), tooMuch))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(folder.resolve("missing").toString())
                .hasMessageContaining(folder + ": it has ")
                .hasMessageContaining("make space there");
        assertThat(folder).isEmptyDirectory();
    }

    /** Fills memory in which there is less than it looks. */
    static final class Limited {
        private Limited() {}

        public static void main(String[] arguments) {
            try (SharedFile file = SharedFile.create(Long.parseLong(arguments[0]))) {
                System.out.println("made " + file.path());
            } catch (ConvoyException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    /** As where a container, a quota or other processes leave less than the file system says: an error, and no signal. */
    @Test
    void whereSpaceEndsWhileAFileIsFilledThereIsAnErrorAndNothingLeft(@TempDir Path folder) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        List<String> command = List.of(
                "bash",
                "-c",
                "ulimit -f 1024; exec \"$@\"",
                "bash",
                java,
                "-XX:-UsePerfData",
                "-Djava.io.tmpdir=" + folder,
                "-cp",
                System.getProperty("java.class.path"),
                Limited.class.getName(),
                "4194304");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(printed)
                    .contains(
                            "refused: Cannot make a file of 4194304 bytes as shared memory for all-reduce; /dev/shm: ")
                    .contains(folder + ": ")
                    .contains("make space there or point java.io.tmpdir elsewhere");
            assertThat(process.exitValue()).isZero();
            assertThat(folder).isEmptyDirectory();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void closingDeletesTheFile() throws IOException {
        SharedFile file = SharedFile.create(SIZE);
        file.close();
        assertThat(file.path()).doesNotExist();
    }
}
