package dev.convoy.benchmarks.scale;

import dev.convoy.collective.Collective;
import dev.convoy.collective.CollectiveBackend;
import dev.convoy.collective.CollectiveShape;
import dev.convoy.collective.Compression;
import dev.convoy.collective.MemoryUse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * One host of an all-reduce: a process that sums with others, each in a network namespace of its own, as the leaders of hosts do. It
 * computes nothing, so that many of them fit on one machine. Prints the median of the seconds that a sum takes.
 *
 * <p>Arguments: folder for messages, member, members, address, floats of the vector, sums.
 */
final class ScaleWorker {
    private static final int WARM = 2;
    private static final long TIMEOUT_SECONDS = 120;

    private final Path folder;
    private final int member;
    private final int members;
    private int messages;

    private ScaleWorker(Path folder, int member, int members) {
        this.folder = folder;
        this.member = member;
        this.members = members;
    }

    /** Takes part, and ends. */
    public static void main(String[] arguments) {
        ScaleWorker worker =
                new ScaleWorker(Path.of(arguments[0]), Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
        double seconds = worker.measure(arguments[3], Integer.parseInt(arguments[4]), Integer.parseInt(arguments[5]));
        System.out.println(seconds);
        System.exit(0);
    }

    private double measure(String address, int length, int sums) {
        CollectiveShape shape = new CollectiveShape(
                IntStream.range(0, members)
                        .mapToObj(rank -> new CollectiveShape.Member("host " + rank, List.of(rank)))
                        .toList(),
                length,
                0,
                0,
                1,
                List.of(),
                MemoryUse.first(),
                CollectiveBackend.GLOO,
                Compression.NONE,
                TIMEOUT_SECONDS);
        double[] seconds = new double[WARM + sums];
        try (Collective collective =
                new Collective(member, shape, address, OptionalInt.empty(), this::allGather, () -> false)) {
            for (int i = 0; i < seconds.length; i++) {
                long began = System.nanoTime();
                collective.sum(new float[] {1});
                seconds[i] = (System.nanoTime() - began) / 1e9;
            }
        }
        double[] sorted = Arrays.stream(seconds).skip(WARM).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    /** Through files, since namespaces share the disk. */
    private List<String> allGather(String message) {
        int number = messages++;
        try {
            Path unfinished = folder.resolve("unfinished-" + member);
            Files.writeString(unfinished, message);
            Files.move(unfinished, file(number, member), StandardCopyOption.ATOMIC_MOVE);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
            while (!IntStream.range(0, members).allMatch(other -> Files.exists(file(number, other)))) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("Others have not come within " + TIMEOUT_SECONDS + " s");
                }
                TimeUnit.MILLISECONDS.sleep(2);
            }
            List<String> all = new ArrayList<>();
            for (int other = 0; other < members; other++) {
                all.add(Files.readString(file(number, other)));
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path file(int number, int ofMember) {
        return folder.resolve(number + "-" + ofMember);
    }
}
