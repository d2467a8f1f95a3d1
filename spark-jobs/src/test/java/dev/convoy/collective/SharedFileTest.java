package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;

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
    void closingDeletesTheFile() throws IOException {
        SharedFile file = SharedFile.create(SIZE);
        file.close();
        assertThat(file.path()).doesNotExist();
    }
}
