package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.Heartbeat;
import dev.convoy.storage.Interruption;
import dev.convoy.storage.ProcessId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to publish, of one process at a time. Lease {@code n} belongs to whoever creates {@code n.json}, which the file system lets one
 * process do. It is held until it is released ({@code n.released}), or until a higher one exists: its owner was taken for dead, and may
 * publish nothing any more, should it come back. A thread of the owner rewrites {@code n.beat} again and again; how old that is tells the
 * file system's clock alone.
 */
public final class Lease implements Fence, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
    private static final long POLL_MILLIS = 200;

    private final Path folder;
    private final LeaseOwner owner;
    private final boolean tookOver;
    private final Fence fence;
    private final FileSystem files;
    private final Heartbeat heartbeat;
    private volatile boolean closed;

    private Lease(FileSystem files, Path folder, int number, LeaseOwner owner, boolean tookOver, Duration every) {
        this.files = files;
        this.folder = folder;
        this.owner = owner;
        this.tookOver = tookOver;
        this.fence = fence(files, folder, number);
        this.heartbeat = new Heartbeat(this::beat, every);
    }

    static Path beat(Path folder, int number) {
        return new Path(folder, number + ".beat");
    }

    static Path released(Path folder, int number) {
        return new Path(folder, number + ".released");
    }

    /**
     * Takes the lease: a new one, one that was released, or one whose owner is dead.
     *
     * @param folder of all leases of one thing; need not be there
     * @throws LockedException if it is held all the time that {@code options} give
     */
    public static Lease acquire(FileSystem files, Path folder, LeaseOptions options) throws IOException {
        long deadline = System.nanoTime() + options.patience().toNanos();
        while (true) {
            Optional<LeaseStatus> newest = LeaseStatus.newest(files, folder, options);
            if (newest.filter(LeaseStatus::isHeld).isEmpty()) {
                Optional<Lease> lease = claim(files, folder, newest, options);
                if (lease.isPresent()) {
                    return lease.get();
                }
                // Somebody was quicker, and is seen now.
                continue;
            }
            if (System.nanoTime() >= deadline) {
                throw new LockedException(folder.getParent().getName(), newest.get());
            }
            pause(Math.min(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS), deadline - System.nanoTime()));
        }
    }

    private static void pause(long nanos) {
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: waiting for a lease was interrupted", e);
        }
    }

    private static Optional<Lease> claim(
            FileSystem files, Path folder, Optional<LeaseStatus> before, LeaseOptions options) throws IOException {
        int number = before.map(LeaseStatus::number).orElse(0) + 1;
        LeaseOwner owner = LeaseOwner.of(
                ProcessId.current(),
                RegistryJson.user(),
                options,
                UUID.randomUUID().toString());
        if (!AtomicFiles.publishNew(files, NumberedFiles.file(folder, number), RegistryJson.bytes(owner))) {
            return Optional.empty();
        }
        boolean tookOver = before.filter(LeaseStatus::dead).isPresent();
        if (tookOver) {
            LOG.warn("The lease of {} is taken over from {}", folder.getParent().getName(), before.get());
        }
        Lease lease = new Lease(files, folder, number, owner, tookOver, options.beat());
        try {
            lease.beat();
        } catch (ConvoyException e) {
            lease.close();
            throw e;
        }
        return Optional.of(lease);
    }

    /** The lease of somebody who tells its number, as a process tells another one that works for it. */
    static Fence fence(FileSystem files, Path folder, int number) {
        return new Fence() {
            @Override
            public int number() {
                return number;
            }

            @Override
            public void checkHeld() {
                Lease.checkHeld(files, folder, number);
            }
        };
    }

    private static void checkHeld(FileSystem files, Path folder, int number) {
        String what = "Cannot publish to " + folder.getParent().getName() + " by lease " + number;
        try {
            int highest = NumberedFiles.highest(files, folder);
            if (highest != number) {
                throw new LostLeaseException(what + ": "
                        + (highest > number ? "lease " + highest + " has taken over" : "it is not there")
                        + "; this process was taken for dead, or worked for one that was; start the job again");
            }
            if (files.exists(released(folder, number))) {
                throw new LostLeaseException(what + ": it is released; take a lease of your own");
            }
        } catch (IOException e) {
            throw new ConvoyException(what + ": whether it is held cannot be seen: " + e.getMessage(), e);
        }
    }

    private void beat() {
        try {
            checkHeld();
            AtomicFiles.replace(
                    files, beat(folder, number()), out -> out.write(owner.id().getBytes(StandardCharsets.UTF_8)));
        } catch (LostLeaseException e) {
            // Whoever publishes is told; nobody waits for signs of life any more.
            LOG.debug("No more signs of life", e);
            heartbeat.close();
        } catch (IOException e) {
            throw new ConvoyException("lease " + number() + " of " + folder.getParent() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public int number() {
        return fence.number();
    }

    /** This process, as the lease names it. */
    public LeaseOwner owner() {
        return owner;
    }

    /** Whether it was taken from somebody who had not released it. */
    public boolean tookOver() {
        return tookOver;
    }

    @Override
    public void checkHeld() {
        if (closed) {
            throw new LostLeaseException(
                    "Cannot publish to " + folder.getParent().getName() + " by lease " + number()
                            + ": it is released; take a lease of your own");
        }
        fence.checkHeld();
    }

    /** Ends the signs of life and gives the lease back, if it is still held. What cannot be given back grows stale. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        heartbeat.close();
        try (Interruption pause = Interruption.outlast()) {
            AtomicFiles.publishNew(files, released(folder, number()), new byte[0]);
        } catch (IOException e) {
            LOG.warn(
                    "Lease {} of {} is not given back, and can be taken over once its sign of life is old: {}",
                    number(),
                    folder.getParent(),
                    e.getMessage());
        }
        closed = true;
    }
}
