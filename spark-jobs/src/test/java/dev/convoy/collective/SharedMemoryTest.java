package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;

class SharedMemoryTest {
    private static final int MEMBERS = 2;
    private static final int LENGTH = 10;
    /** Linux gives no process such a number. */
    private static final String NOBODY = "-2147483646-";

    @Test
    void whatAKilledProcessHasLeftIsRemovedAndWhatALivingOneUsesIsNot() throws IOException {
        Path used = SharedMemory.create(MEMBERS, LENGTH);
        String left = used.getFileName()
                .toString()
                .replace("-" + ProcessHandle.current().pid() + "-", NOBODY);
        Path leftBehind = Files.createFile(used.resolveSibling(left));
        Path elsewhere = Files.createFile(used.resolveSibling("convoy-1" + NOBODY + "other.shared"));
        Path next = SharedMemory.create(MEMBERS, LENGTH);
        try {
            assertThat(leftBehind).doesNotExist();
            assertThat(used).exists();
            assertThat(elsewhere)
                    .as("of a container with process numbers of its own")
                    .exists();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(next)))
                    .isEqualTo("rw-------");
        } finally {
            for (Path file : new Path[] {used, leftBehind, elsewhere, next}) {
                Files.deleteIfExists(file);
            }
        }
    }
}
