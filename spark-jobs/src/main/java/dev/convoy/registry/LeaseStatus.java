package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.FileTime;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.io.function.IOSupplier;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The newest lease of a model, as others see it.
 *
 * @param number its fencing number
 * @param owner who took it
 * @param beatAge of its last sign of life, by the file system's clock
 * @param released whether its owner has given it back
 * @param dead whether its owner counts as dead: known to have ended on this host, or silent for too long
 */
public record LeaseStatus(int number, LeaseOwner owner, Duration beatAge, boolean released, boolean dead) {
    /** Whether nobody else can have it. */
    public boolean isHeld() {
        return !released && !dead;
    }

    /**
     * The newest lease in a folder; empty if there never was one.
     *
     * @throws IOException if the file system cannot be asked for the time, as by somebody who may only read
     */
    static Optional<LeaseStatus> newest(FileSystem files, Path folder, LeaseOptions options) throws IOException {
        return newest(files, folder, options, () -> FileTime.now(files, folder));
    }

    /** The newest lease in a folder, for whoever only looks: without the right to write it counts by this host's clock. */
    static Optional<LeaseStatus> seen(FileSystem files, Path folder, LeaseOptions options) throws IOException {
        return newest(files, folder, options, () -> {
            try {
                return FileTime.now(files, folder);
            } catch (IOException e) {
                return System.currentTimeMillis();
            }
        });
    }

    private static Optional<LeaseStatus> newest(
            FileSystem files, Path folder, LeaseOptions options, IOSupplier<Long> clock) throws IOException {
        int number = NumberedFiles.highest(files, folder);
        if (number == 0) {
            return Optional.empty();
        }
        LeaseOwner owner = owner(files, NumberedFiles.file(folder, number)).orElse(LeaseOwner.unknown(options));
        boolean released = files.exists(Lease.released(folder, number));
        Duration age = released ? Duration.ZERO : age(files, folder, number, clock);
        boolean dead = !released && (owner.hasEnded() || age.toMillis() > owner.staleMillis());
        return Optional.of(new LeaseStatus(number, owner, age, released, dead));
    }

    private static Optional<LeaseOwner> owner(FileSystem files, Path file) throws IOException {
        try {
            return Optional.of(RegistryJson.read(files, file, LeaseOwner.class));
        } catch (ConvoyException e) {
            return Optional.empty();
        }
    }

    private static Duration age(FileSystem files, Path folder, int number, IOSupplier<Long> clock) throws IOException {
        // Asked last, so that a beat in between makes nobody older.
        long taken =
                FileTime.modified(files, NumberedFiles.file(folder, number)).orElse(0);
        long beat = FileTime.modified(files, Lease.beat(folder, number)).orElse(0);
        return Duration.ofMillis(Math.max(0, clock.get() - Math.max(taken, beat)));
    }

    @Override
    public String toString() {
        String state = released ? "released" : String.format(Locale.ROOT, "beat %.1f s ago", beatAge.toMillis() / 1e3);
        return owner + ", lease " + number + ", " + state + (dead ? ", dead" : "");
    }
}
