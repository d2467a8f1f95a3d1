package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTimeTest {
    @TempDir
    java.nio.file.Path root;

    private static FileSystem files() throws IOException {
        FileSystem files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        return files;
    }

    private List<String> names() throws IOException {
        try (Stream<java.nio.file.Path> all = Files.list(root)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theClockIsAskedWithoutATrace() throws IOException {
        java.nio.file.Path before = Files.createFile(root.resolve("before"));
        long now = FileTime.now(files(), new Path(root.toString()));
        assertThat(now).isGreaterThanOrEqualTo(Files.getLastModifiedTime(before).toMillis());
        assertThat(names()).containsExactly("before");
    }

    @Test
    void aFileHasTheTimeOfItsLastWrite() throws IOException {
        Files.setLastModifiedTime(
                Files.createFile(root.resolve("old")),
                java.nio.file.attribute.FileTime.from(Instant.ofEpochSecond(1000)));
        assertThat(FileTime.modified(files(), new Path(root.resolve("old").toString())))
                .hasValue(1_000_000);
        assertThat(FileTime.modified(files(), new Path(root.resolve("none").toString())))
                .isEmpty();
    }
}
