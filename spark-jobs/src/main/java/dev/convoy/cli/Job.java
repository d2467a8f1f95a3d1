package dev.convoy.cli;

import dev.convoy.jobs.SparkSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Option;

/** Takes the options that all commands on Spark share, and makes Spark's configuration of them. */
abstract class Job implements Callable<Integer> {
    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "Spark master, for example local[4] or spark://host:7077. Default: what spark-submit"
                    + " says, else local[*].")
    private String master;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "A setting that goes over the configuration; may be repeated.")
    private Map<String, String> settings = new LinkedHashMap<>();

    /** Answers what goes over the configuration. */
    Map<String, String> settings() {
        return settings;
    }

    /** The options that all commands share, as they were given. */
    List<String> sharedOptions() {
        List<String> options = new ArrayList<>();
        Optional.ofNullable(master).ifPresent(url -> options.addAll(List.of("--master", url)));
        settings.forEach((key, value) -> options.addAll(List.of("--set", key + "=" + value)));
        return options;
    }

    /**
     * Makes the configuration of the Spark context.
     *
     * @param name of the job, as Spark's pages show it behind the word "convoy"
     */
    SparkConf sparkConf(String name) {
        SparkConf conf = new SparkConf().setAppName("convoy " + name);
        Optional.ofNullable(master).ifPresent(conf::setMaster);
        conf.setIfMissing("spark.master", "local[*]");
        SparkSettings.addTo(conf);
        Surroundings.checkMaster(conf.get("spark.master"));
        if (conf.get("spark.master").startsWith("local-cluster")) {
            SparkSettings.addLocalCluster(conf);
        }
        String[] jar = JavaSparkContext.jarOfClass(Convoy.class);
        if (!conf.get("spark.master").startsWith("local") && jar != null && jar.length > 0) {
            // Without spark-submit nobody else would send it.
            conf.setIfMissing("spark.jars", jar[0]);
        }
        return conf;
    }

    @Override
    public final Integer call() throws IOException {
        run();
        return exitCode();
    }

    /** What the process ends with, after {@link #run} has not failed. */
    int exitCode() {
        return 0;
    }

    /** Runs the command. */
    abstract void run() throws IOException;
}
