package dev.convoy.benchmarks.contest;

import dev.convoy.jobs.SparkSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkConf;

/** Sets Spark up on this machine alone, or on hosts that it plays, with executors of this JVM's class path. */
public final class LocalSpark {
    /** What Spark needs to start executors on this machine without a distribution. */
    public static final Map<String, String> ENVIRONMENT = environment("127.0.0.1", "localhost");

    private LocalSpark() {}

    /** What Spark needs to start executors on a host without a distribution. */
    static Map<String, String> environment(String address, String host) {
        return Map.of(
                "SPARK_HOME",
                Path.of("benchmarks/target/spark-home").toAbsolutePath().toString(),
                "SPARK_SCALA_VERSION",
                "2.12",
                "SPARK_LOCAL_IP",
                address,
                "SPARK_LOCAL_HOSTNAME",
                host);
    }

    /**
     * Makes the configuration of a Spark context without a page of its own.
     *
     * @param master {@code local[...]}, {@code local-cluster[...]}, or of {@link PlayedCluster}
     * @throws IOException if the folder that stands for a distribution cannot be made
     */
    public static SparkConf conf(String master) throws IOException {
        Files.createDirectories(Path.of(ENVIRONMENT.get("SPARK_HOME"), "jars"));
        String address = System.getenv().getOrDefault("SPARK_LOCAL_IP", ENVIRONMENT.get("SPARK_LOCAL_IP"));
        SparkConf conf = new SparkConf()
                .setMaster(master)
                .setAppName("exchange")
                .set("spark.executor.memory", "2g")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", address)
                .set("spark.driver.bindAddress", address)
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"));
        SparkSettings.addTo(conf);
        if (master.startsWith("local")) {
            // On hosts that are played executors have it from their workers.
            ENVIRONMENT.forEach((key, value) -> conf.set("spark.executorEnv." + key, value));
        }
        return conf;
    }
}
