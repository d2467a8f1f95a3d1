package dev.convoy.benchmarks.contest;

import dev.convoy.jobs.SparkSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where and with what settings a benchmark ran. */
public final class Machine {
    private Machine() {}

    public static Map<String, String> threads(int openMp) {
        String count = String.valueOf(openMp);
        return Map.of("OMP_NUM_THREADS", count, "OPENBLAS_NUM_THREADS", count, "GLIBC_TUNABLES", SparkSettings.MALLOC);
    }

    static Map<String, String> describe() throws IOException {
        Map<String, String> facts = new TreeMap<>();
        facts.put("cpu", cpu());
        facts.put("cores", String.valueOf(Runtime.getRuntime().availableProcessors()));
        facts.put("java", System.getProperty("java.runtime.version"));
        facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("GLIBC_TUNABLES", SparkSettings.MALLOC);
        return facts;
    }

    private static String cpu() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
    }

    /** Options without which Spark does not run on Java 17. */
    static List<String> sparkOnJava17() throws IOException {
        try (InputStream in = Machine.class.getResourceAsStream("/dev/convoy/benchmarks/java17.txt")) {
            return List.of(
                    new String(in.readAllBytes(), StandardCharsets.UTF_8).trim().split("\\s+"));
        }
    }

    /** Of the libraries that contestants use. */
    static Map<String, String> versions(String python, String module) throws IOException {
        Map<String, String> versions = new TreeMap<>();
        for (String entry : System.getProperty("java.class.path").split(":")) {
            String jar = Path.of(entry).getFileName().toString();
            if (jar.matches("(pytorch|deeplearning4j-nn|dl4j-spark_2.12|spark-core_2.12|openblas|opencv)-[0-9].*")
                    && !jar.contains("linux")) {
                versions.put(jar.replaceAll("-[0-9].*", ""), jar.replaceAll("^[a-z0-9_.-]*?-([0-9].*)\\.jar$", "$1"));
            }
        }
        versions.put("python's " + module, python == null ? "not installed: left out" : version(python, module));
        return versions;
    }

    private static String version(String python, String module) throws IOException {
        String code = "import " + module + "; print(" + module + ".__version__)";
        Process process = new ProcessBuilder(python, "-c", code).start();
        return process.inputReader().readLine();
    }
}
