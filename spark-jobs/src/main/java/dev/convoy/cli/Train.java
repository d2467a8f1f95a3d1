package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.jobs.FinishedRun;
import dev.convoy.jobs.TrainJob;
import java.io.IOException;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;

/** Runs {@code convoy train}. */
@Command(name = "train", description = "Trains a network and evaluates it.")
final class Train extends ConfiguredJob {
    @Override
    void run(SparkConf conf, Config config) throws IOException {
        // Checked before Spark starts, so that a typing error costs no time.
        ConfigReader.toTrainingConfig(config);
        try (JavaSparkContext spark = new JavaSparkContext(conf);
                ConsoleProgress progress = new ConsoleProgress(System.out)) {
            FinishedRun run = new TrainJob(spark, config, List.of(progress)).run();
            System.out.println("run: " + run.directory());
        }
    }
}
