package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where Spark keeps images on disk in local mode: a folder of this process's own, which only its user may enter. A lock on a file in it lives as
 * long as the process; folders whose lock is free are left by processes that were killed, and are removed.
 */
final class ScratchFolder {
    private static final Logger LOG = LoggerFactory.getLogger(ScratchFolder.class);
    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final String PREFIX = "convoy-scratch-";
    private static final String LOCK = "lock";
    /** Rounds that run when the process is told to end still need it; Spark ends at 40. */
    private static final int AFTER_SPARK = 1;

    /** Held until the process ends. */
    @SuppressWarnings("UnusedVariable")
    private static FileLock held;

    private static Path folder;

    private ScratchFolder() {}

    /** This process's folder, made when it is first asked for. */
    static synchronized Path get() {
        if (folder == null) {
            Path parent = Path.of(System.getProperty("java.io.tmpdir"));
            try {
                Path made = Files.createTempDirectory(parent, PREFIX, PRIVATE);
                // Named once it is locked, so that nobody takes it for one that is free.
                Path lock = made.resolve(LOCK + ".new");
                FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                held = channel.lock();
                Files.move(lock, made.resolve(LOCK));
                ShutdownHookManager.get().addShutdownHook(() -> FileUtils.deleteQuietly(made.toFile()), AFTER_SPARK);
                folder = made;
                sweep(parent);
            } catch (IOException e) {
                throw new ConvoyException(
                        "Cannot make a folder in " + parent + " for what Spark keeps on disk: " + e.getMessage()
                                + "; make space, or set spark.local.dir (CONVOY_JAVA_OPTIONS=-Dspark.local.dir=...)",
                        e);
            }
        }
        return folder;
    }

    private static void sweep(Path parent) {
        List<Path> all;
        try (Stream<Path> found = Files.list(parent)) {
            all = found.filter(path -> path.getFileName().toString().startsWith(PREFIX))
                    .filter(path -> !path.equals(folder) && isOwn(path))
                    .toList();
        } catch (IOException e) {
            LOG.warn("Cannot look in {} for what killed processes have left: {}", parent, e.getMessage());
            return;
        }
        for (Path other : all) {
            if (isAbandoned(other.resolve(LOCK)) && FileUtils.deleteQuietly(other.toFile())) {
                LOG.info("Removed {}, which a process that was killed had left", other);
            }
        }
    }

    /** Neither somebody else's nor a link, which may lead anywhere. */
    private static boolean isOwn(Path path) {
        try {
            return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                    && Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(folder));
        } catch (IOException e) {
            // Gone meanwhile.
            return false;
        }
    }

    private static boolean isAbandoned(Path lock) {
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
                FileLock free = channel.tryLock()) {
            return free != null;
        } catch (IOException | OverlappingFileLockException e) {
            // Another user's, or not locked yet.
            return false;
        }
    }
}
