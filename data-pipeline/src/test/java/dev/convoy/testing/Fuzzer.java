package dev.convoy.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;

/**
 * Gives a reader mutants of valid files. Each must be accepted, or refused with a {@link ConvoyException} or {@link
 * BadImageException} of one line; the reader must end, and take no more of the heap than it may. There are 300
 * mutants, or as many as {@code -Dchaos.mutants} says:
 *
 * <pre>
 * Fuzzer.of(valid).withMemory(1 << 20, 20).check(file -> Header.parse(file));
 * </pre>
 *
 * <p>What fails is named by its index; {@link Mutants} makes the same file again.
 */
public final class Fuzzer {
    private static final int MUTANTS = Integer.getInteger("convoy.fuzz", 300);
    private static final long SEED = 20_240_229;
    /** Nobody waits so long: a reader that needs this hangs. */
    private static final long SECONDS = 60;
    /** Kinds of failure that a report tells. */
    private static final int SHOWN = 10;

    /** Reads a file, and throws what it throws. */
    public interface Reader {
        void read(byte[] file) throws Exception;
    }

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final List<byte[]> seeds;
    private final long constantBytes;
    private final long bytesPerByte;

    private Fuzzer(List<byte[]> seeds, long constantBytes, long bytesPerByte) {
        this.seeds = seeds;
        this.constantBytes = constantBytes;
        this.bytesPerByte = bytesPerByte;
    }

    /** Starts from valid files, whose mutants come in turn. */
    public static Fuzzer of(byte[]... seeds) {
        return new Fuzzer(List.of(seeds), 1 << 20, 16);
    }

    /**
     * The reader may allocate so many bytes of the heap for a file, and so many for each of its bytes; they need not
     * live at once.
     */
    public Fuzzer withMemory(long constant, long perByte) {
        return new Fuzzer(seeds, constant, perByte);
    }

    /** Checks that the reader takes the valid files, and does with each of their mutants what it must. */
    public void check(Reader reader) throws Exception {
        for (byte[] seed : seeds) {
            reader.read(seed);
        }
        Tally tally = new Tally();
        ExecutorService thread = Executors.newSingleThreadExecutor(
                new BasicThreadFactory.Builder().daemon(true).build());
        try {
            List<Mutants> mutants =
                    seeds.stream().map(seed -> new Mutants(seed, SEED)).toList();
            for (int index = 0; index < MUTANTS; index++) {
                int file = index % mutants.size();
                byte[] mutant = mutants.get(file).get(index);
                String name = "mutant " + index + " of file " + file;
                tally.add(outcome(thread.submit(() -> read(reader, mutant)), name), mutant.length, name);
            }
        } finally {
            thread.shutdownNow();
        }
        System.out.println(tally);
        assertThat(tally.failures).as("%s", tally).isEmpty();
    }

    private static Outcome outcome(Future<Outcome> reading, String name) throws Exception {
        try {
            return reading.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("The reader hangs with " + name, e);
        }
    }

    private static Outcome read(Reader reader, byte[] mutant) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Optional<Throwable> thrown = Optional.empty();
        try {
            reader.read(mutant);
        } catch (Throwable e) {
            thrown = Optional.of(e);
        }
        return new Outcome(thrown, THREADS.getCurrentThreadAllocatedBytes() - before);
    }

    /**
     * What a reader did with one file.
     *
     * @param thrown empty if it took the file
     * @param bytes of the heap that it allocated meanwhile
     */
    private record Outcome(Optional<Throwable> thrown, long bytes) {
        /** What is wrong with it, the same for failures of one kind; empty if nothing is. */
        Optional<String> fault() {
            return thrown.flatMap(e -> {
                String message = String.valueOf(e.getMessage());
                if (!(e instanceof ConvoyException || e instanceof BadImageException)) {
                    return Optional.of(e.getClass().getName() + at(e));
                }
                boolean oneLine = !message.isBlank() && message.equals(Printable.of(message));
                return oneLine ? Optional.empty() : Optional.of("a message of more than one line" + at(e));
            });
        }

        private static String at(Throwable e) {
            return Arrays.stream(e.getStackTrace())
                    .filter(frame -> frame.getClassName().startsWith("dev.convoy."))
                    .findFirst()
                    .map(frame -> " at " + frame)
                    .orElse("");
        }
    }

    /** What became of all mutants. */
    private final class Tally {
        private final Map<String, String> failures = new TreeMap<>();
        private int accepted;
        private int refused;
        private long mostBytes;

        void add(Outcome outcome, int length, String name) {
            accepted += outcome.thrown.isEmpty() ? 1 : 0;
            refused += outcome.thrown.isPresent() ? 1 : 0;
            mostBytes = Math.max(mostBytes, outcome.bytes);
            outcome.fault()
                    .ifPresent(fault ->
                            failures.putIfAbsent(fault, name + ": " + outcome.thrown.map(Throwable::toString)));
            if (outcome.bytes > constantBytes + bytesPerByte * length) {
                failures.putIfAbsent("too much memory", name + ": " + outcome.bytes + " bytes for " + length);
            }
        }

        @Override
        public String toString() {
            return accepted + " accepted, " + refused + " refused, at most " + mostBytes
                    + " bytes of heap each; failures: "
                    + failures.entrySet().stream().limit(SHOWN).toList();
        }
    }
}
