package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.jobs.PreviewJob;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs {@code convoy preview}. */
@Command(name = "preview", description = "Draws training images as the network will see them, with their labels.")
final class Preview extends ConfiguredJob {
    @Option(names = "--output", paramLabel = "FILE", description = "PNG to write. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("preview.png");

    @Option(names = "--count", paramLabel = "N", description = "Images at most. Default: ${DEFAULT-VALUE}.")
    private int count = 64;

    @Option(names = "--epoch", paramLabel = "N", description = "Whose changes to show. Default: ${DEFAULT-VALUE}.")
    private int epoch = 1;

    @Override
    void run(SparkConf conf, Config config) throws IOException {
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            new PreviewJob(spark, config).write(output, count, epoch);
        }
        System.out.println("written: " + output);
    }
}
