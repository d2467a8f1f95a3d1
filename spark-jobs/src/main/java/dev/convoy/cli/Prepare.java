package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.jobs.PrepareJob;
import java.io.IOException;
import java.util.Locale;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;

/** Runs {@code convoy prepare}. */
@Command(name = "prepare", description = "Checks images and writes them as few large files, with a manifest.")
final class Prepare extends ConfiguredJob {
    @Override
    void run(SparkConf conf, Config config) throws IOException {
        String target = ConfigReader.toJobConfig(config).prepare().directory();
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            DatasetManifest manifest = new PrepareJob(spark, config).run();
            manifest.sets()
                    .forEach((name, set) -> System.out.printf(
                            Locale.ROOT,
                            "%-6s %,d images, %d shards%n",
                            name,
                            set.images(),
                            set.shards().size()));
            System.out.printf(
                    Locale.ROOT,
                    "%,d rejected, %,d duplicates, %,d of the test images are in the training set too%n",
                    manifest.rejected(),
                    manifest.duplicates(),
                    manifest.leaked());
            System.out.println("written: " + target);
        }
    }
}
