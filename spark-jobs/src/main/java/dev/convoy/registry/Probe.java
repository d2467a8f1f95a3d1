package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.AtomicFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/** Tries whether a file system does what a registry needs: creates a file exclusively, and renames without overwriting. */
final class Probe {
    private static final int THREADS = 8;
    private static final int SECONDS = 60;

    private static final String CREATION =
            "exclusive creation (of several that create one file, exactly one may succeed)";
    private static final String RENAMING = "renaming without overwriting";

    /** Stores that rename by copying, object by object, so that others see halves; two may rename to one name. */
    private static final Set<String> COPYING = Set.of("s3", "s3a", "s3n", "oss", "cosn", "obs", "swift");

    private final FileSystem files;
    private final Path folder;

    private Probe(FileSystem files, Path folder) {
        this.files = files;
        this.folder = folder;
    }

    /**
     * Tries.
     *
     * @param root a folder that is there
     * @throws ConvoyException naming what is missing
     * @throws IOException if nothing can be written
     */
    static void check(FileSystem files, Path root) throws IOException {
        String scheme = String.valueOf(files.getUri().getScheme());
        if (COPYING.contains(scheme)) {
            throw lacking(files, root, RENAMING);
        }
        Path folder = new Path(root, ".probe-" + UUID.randomUUID());
        try {
            files.mkdirs(folder);
            Probe probe = new Probe(files, folder);
            if (!probe.createsExclusively()) {
                throw lacking(files, root, CREATION);
            }
            if (!probe.renamesWithoutOverwriting()) {
                throw lacking(files, root, RENAMING);
            }
            if (!probe.oneOfManyPublishes()) {
                throw lacking(files, root, CREATION);
            }
        } catch (UnsupportedFileSystemException e) {
            throw lacking(files, root, RENAMING);
        } finally {
            files.delete(folder, true);
        }
    }

    private static ConvoyException lacking(FileSystem files, Path root, String what) {
        return new ConvoyException("Cannot keep a registry in " + root + ": the file system "
                + files.getUri().getScheme() + " (" + files.getClass().getSimpleName() + ") lacks " + what
                + ", so that two jobs could both promote; put the registry on HDFS or on a disk that all hosts share"
                + " (images and runs may stay where they are)");
    }

    /** One after the other, and while the first has not closed its file: stores that show files when they are closed differ there. */
    private boolean createsExclusively() throws IOException {
        Path twice = new Path(folder, "twice");
        if (!AtomicFiles.createNew(files, twice, new byte[] {1})
                || AtomicFiles.createNew(files, twice, new byte[] {2})) {
            return false;
        }
        if (AtomicFiles.isLocal(files)) {
            // The operating system is asked, not Hadoop.
            return true;
        }
        Path open = new Path(folder, "open");
        try (FSDataOutputStream first = files.create(open, false)) {
            first.write(1);
            try (FSDataOutputStream second = files.create(open, false)) {
                second.write(2);
                return false;
            } catch (IOException e) {
                return true;
            }
        }
    }

    private boolean renamesWithoutOverwriting() throws IOException {
        Path from = new Path(folder, "from");
        Path to = new Path(folder, "to");
        AtomicFiles.createNew(files, new Path(from, "file"), new byte[] {1});
        AtomicFiles.createNew(files, new Path(to, "file"), new byte[] {2});
        try {
            AtomicFiles.renameNew(files, from, to);
            return false;
        } catch (UnsupportedFileSystemException e) {
            throw e;
        } catch (IOException e) {
            return Arrays.equals(RegistryJson.read(files, new Path(from, "file")), new byte[] {1})
                    && Arrays.equals(RegistryJson.read(files, new Path(to, "file")), new byte[] {2});
        }
    }

    private boolean oneOfManyPublishes() throws IOException {
        Path file = new Path(folder, "many");
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            CyclicBarrier together = new CyclicBarrier(THREADS);
            List<Future<Boolean>> published = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                byte[] own = {(byte) thread};
                published.add(threads.submit(() -> {
                    together.await(SECONDS, TimeUnit.SECONDS);
                    return AtomicFiles.publishNew(files, file, own);
                }));
            }
            int winner = -1;
            for (int thread = 0; thread < THREADS; thread++) {
                if (published.get(thread).get()) {
                    if (winner >= 0) {
                        return false;
                    }
                    winner = thread;
                }
            }
            return winner >= 0 && Arrays.equals(RegistryJson.read(files, file), new byte[] {(byte) winner});
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new ConvoyException("Cannot try the file system of " + folder.getParent() + ": " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: a look at the file system was interrupted", e);
        } finally {
            threads.shutdownNow();
        }
    }
}
