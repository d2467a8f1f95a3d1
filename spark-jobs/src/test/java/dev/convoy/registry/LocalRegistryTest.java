package dev.convoy.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.convoy.data.ConvoyException;
import dev.convoy.testing.Store;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalRegistryTest extends ModelRegistryContract {
    @TempDir
    java.nio.file.Path folder;

    @Override
    FileSystem files() throws IOException {
        FileSystem files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        return files;
    }

    @Override
    Path root() {
        return new Path(folder.resolve("registry").toUri());
    }

    @Test
    void aStoreWithoutExclusiveCreationIsRefused() throws IOException {
        try (FileSystem store = new Store(files(), "store:///")) {
            assertThatThrownBy(() -> new ModelRegistry(
                                    store, new Path(folder.resolve("store").toString()))
                            .requireWritable())
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("the file system store (Store) lacks exclusive creation")
                    .hasMessageContaining("put the registry on HDFS or on a disk that all hosts share");
        }
        assertThat(folder.resolve("store")).as("the probe leaves nothing").isEmptyDirectory();
    }

    @Test
    void aStoreThatRenamesByCopyingIsRefused() throws IOException {
        try (FileSystem store = new FilterFileSystem(files()) {
            @Override
            public URI getUri() {
                return URI.create("s3a://bucket");
            }
        }) {
            assertThatThrownBy(() -> new ModelRegistry(
                                    store, new Path(folder.resolve("store").toString()))
                            .requireWritable())
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("lacks renaming without overwriting");
        }
    }

    @Test
    void aFolderWithoutPermissionIsNamed() throws IOException {
        java.nio.file.Path closed = Files.createDirectory(
                folder.resolve("closed"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-x------")));
        assumeFalse(Files.isWritable(closed), "root may write everywhere");
        assertThatThrownBy(() -> new ModelRegistry(files(), new Path(closed.toString())).requireWritable())
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot write the registry")
                .hasMessageContaining("/closed: ");
        assertThatThrownBy(() -> new ModelRegistry(files(), new Path(closed.toString(), "registry")).requireWritable())
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("/closed/registry: ");
    }

    @Test
    void whatCannotBeMadeIsNamed() throws IOException {
        java.nio.file.Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> new ModelRegistry(files(), new Path(file.toString(), "registry")).requireWritable())
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot write the registry")
                .hasMessageContaining("choose a folder that it may write");
    }
}
