package dev.convoy.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Where and with what settings a benchmark ran. */
final class Machine {
    /**
     * glibc keeps large blocks instead of mapping and unmapping them at every step, on huge pages; the same for every
     * contestant.
     */
    static final String MALLOC =
            "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296";

    private Machine() {}

    static Map<String, String> threads(int openMp) {
        String count = String.valueOf(openMp);
        return Map.of("OMP_NUM_THREADS", count, "OPENBLAS_NUM_THREADS", count, "GLIBC_TUNABLES", MALLOC);
    }

    static Map<String, String> describe() throws IOException {
        Map<String, String> facts = new TreeMap<>();
        facts.put("cpu", cpu());
        facts.put("cores", String.valueOf(Runtime.getRuntime().availableProcessors()));
        facts.put("java", System.getProperty("java.runtime.version"));
        facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("GLIBC_TUNABLES", MALLOC);
        return facts;
    }

    private static String cpu() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
    }
}
