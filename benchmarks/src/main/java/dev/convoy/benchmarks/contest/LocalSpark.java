package dev.convoy.benchmarks.contest;

import dev.convoy.jobs.SparkSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkConf;

/** Sets Spark up on this machine alone, with executors of this JVM's class path. */
public final class LocalSpark {
    /** What local-cluster needs to start executors without a Spark distribution. */
    public static final Map<String, String> ENVIRONMENT = Map.of(
            "SPARK_HOME",
                    Path.of("benchmarks/target/spark-home").toAbsolutePath().toString(),
            "SPARK_SCALA_VERSION", "2.12",
            "SPARK_LOCAL_IP", "127.0.0.1",
            "SPARK_LOCAL_HOSTNAME", "localhost");

    private LocalSpark() {}

    /**
     * Makes the configuration of a Spark context without a page of its own.
     *
     * @param master {@code local[...]} or {@code local-cluster[...]}
     * @throws IOException if the folder that stands for a distribution cannot be made
     */
    public static SparkConf conf(String master) throws IOException {
        Files.createDirectories(Path.of(ENVIRONMENT.get("SPARK_HOME"), "jars"));
        SparkConf conf = new SparkConf()
                .setMaster(master)
                .setAppName("exchange")
                .set("spark.executor.memory", "2g")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"));
        SparkSettings.addTo(conf);
        ENVIRONMENT.forEach((key, value) -> conf.set("spark.executorEnv." + key, value));
        return conf;
    }
}
