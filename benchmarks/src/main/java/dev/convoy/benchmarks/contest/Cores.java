package dev.convoy.benchmarks.contest;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/**
 * How even a machine's cores are. Where a hypervisor gives one half of what another has, workers that exchange wait for the slow one,
 * however little the exchange takes, and those that do not exchange do not.
 */
final class Cores {
    private static final long NANOS = 500_000_000L;
    /** Below this, ratios to what does not exchange tell of the machine. */
    private static final double EVEN = 0.9;

    private Cores() {}

    /** The speed of the slowest core as a share of the fastest, when all are busy. */
    static double slowest() {
        int cores = Runtime.getRuntime().availableProcessors();
        ExecutorService threads = Executors.newFixedThreadPool(cores);
        CyclicBarrier together = new CyclicBarrier(cores);
        Callable<Long> busy = () -> {
            together.await();
            count();
            together.await();
            return count();
        };
        try {
            long[] counts = LongStream.range(0, cores).mapToObj(core -> threads.submit(busy)).toList().stream()
                    .mapToLong(Cores::get)
                    .sorted()
                    .toArray();
            return (double) counts[0] / counts[cores - 1];
        } finally {
            threads.shutdownNow();
        }
    }

    /** In words, with a warning where it matters. */
    static String describe(List<Double> slowest) {
        double least = slowest.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
        return slowest.stream()
                        .map(share -> String.format(Locale.ROOT, "%.2f", share))
                        .toList()
                + (least < EVEN ? ": cores are uneven, so that whoever exchanges waits for the slowest" : "");
    }

    private static long get(Future<Long> count) {
        try {
            return count.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** How often some arithmetic is done in {@link #NANOS}. */
    private static long count() {
        long end = System.nanoTime() + NANOS;
        long random = end | 1;
        long count = 0;
        while (System.nanoTime() < end) {
            for (int i = 0; i < 10_000; i++) {
                random ^= random << 13;
                random ^= random >>> 7;
                random ^= random << 17;
            }
            // Never 0, so that the loop has to be run.
            count += random == 0 ? 0 : 1;
        }
        return count;
    }
}
