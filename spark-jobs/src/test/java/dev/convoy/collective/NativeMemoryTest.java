package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.convoy.testing.JavaProcess;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Writes to memory that is freed already show in some other library much later, or never. The C library of Linux can
 * look for them whenever memory is allocated and freed, and ends the process.
 */
class NativeMemoryTest {
    private static final Map<String, String> CHECKED =
            Map.of("LD_PRELOAD", "libc_malloc_debug.so.0", "GLIBC_TUNABLES", "glibc.malloc.check=3");

    private static final int TIMES = 10;

    @Test
    void groupsThatConnectAndEndLeaveMemorySound() throws Exception {
        try (JavaProcess process = JavaProcess.start(List.of("-Xmx512m"), CHECKED, Connecting.class)) {
            String output = process.output();
            assumeFalse(output.contains("cannot be preloaded"), "This C library brings no checks");
            assertThat(process.exitValue()).as(output).isZero();
            assertThat(output).contains("sums: " + TIMES);
        }
    }

    static final class Connecting {
        private Connecting() {}

        public static void main(String[] args) throws Exception {
            int sums = 0;
            for (int i = 0; i < TIMES; i++) {
                CollectiveShape shape = Ranks.shapeOf(List.of("a", "b"), 1_000, 0, Compression.NONE);
                List<float[]> totals = Ranks.runAll(shape, (rank, collective) -> {
                    collective.vector(rank).put(0, rank + 1);
                    collective.sum(new float[] {1, 0});
                    return new float[] {collective.total(0, 1).get(0)};
                });
                sums += totals.stream().allMatch(total -> total[0] == 3) ? 1 : 0;
            }
            System.out.println("sums: " + sums);
        }
    }
}
