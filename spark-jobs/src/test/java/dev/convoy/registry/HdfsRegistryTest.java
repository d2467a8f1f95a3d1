package dev.convoy.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.security.PrivilegedExceptionAction;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.security.UserGroupInformation;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real HDFS. */
class HdfsRegistryTest extends ModelRegistryContract {
    @TempDir
    static java.nio.file.Path folder;

    private static MiniDFSCluster cluster;

    private Path root;

    @BeforeAll
    static void start() throws IOException {
        Configuration hadoop = RegistryProcess.quick(new Configuration());
        hadoop.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("dfs").toString());
        cluster = new MiniDFSCluster.Builder(hadoop).build();
        cluster.waitClusterUp();
    }

    @AfterAll
    static void stop() {
        cluster.shutdown();
    }

    @Override
    FileSystem files() throws IOException {
        return cluster.getFileSystem();
    }

    @Override
    Path root() {
        root = root == null ? new Path("/" + UUID.randomUUID()) : root;
        return root;
    }

    @Test
    void aFolderWithoutPermissionIsNamed() throws Exception {
        Path closed = new Path("/closed");
        files().mkdirs(closed, new FsPermission("755"));
        FileSystem guest = UserGroupInformation.createRemoteUser("guest").doAs((PrivilegedExceptionAction<FileSystem>)
                () -> FileSystem.newInstance(cluster.getURI(), cluster.getConfiguration(0)));
        try (guest) {
            assertThatThrownBy(() -> new ModelRegistry(guest, closed).requireWritable())
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("Cannot write the registry")
                    .hasMessageContaining("/closed: permission denied");
        }
    }

    /** The time of the file system is asked by a file that is written. */
    @Test
    void whoMayOnlyReadSeesWhoHoldsTheLease() throws Exception {
        RegisteredModel model =
                new ModelRegistry(files(), root()).requireWritable().create("digits");
        FileSystem guest = UserGroupInformation.createRemoteUser("guest").doAs((PrivilegedExceptionAction<FileSystem>)
                () -> FileSystem.newInstance(cluster.getURI(), cluster.getConfiguration(0)));
        try (guest;
                Lease lease = model.acquire(new LeaseOptions("night"))) {
            assertThat(new ModelRegistry(guest, root()).model("digits").leaseStatus())
                    .hasValueSatisfying(status -> {
                        assertThat(status.number()).isEqualTo(lease.number());
                        assertThat(status.isHeld()).isTrue();
                    });
        }
    }
}
