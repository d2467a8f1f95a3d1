package dev.convoy.benchmarks.retrain;

import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.source.IdxSource;
import dev.convoy.jobs.Result;
import dev.convoy.jobs.RetrainJob;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.testing.GrowingDigits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A year of retraining on digits that become more, with all that goes wrong in one; judged by digits that no night sees. */
@Command(name = "retrain", description = "Simulates nights of retraining, and counts what the gate got wrong.")
public final class RetrainBenchmark implements Callable<Integer> {
    @Option(names = "--nights", description = "Default: ${DEFAULT-VALUE}")
    private int nights = 365;

    @Option(names = "--seed", description = "Of what happens. Default: ${DEFAULT-VALUE}")
    private long seed = 1;

    @Option(names = "--first", description = "Digits of the first night. Default: ${DEFAULT-VALUE}")
    private int first = 2000;

    @Option(names = "--data", description = "Folder of MNIST. Default: ${DEFAULT-VALUE}")
    private Path data = Path.of("data/mnist");

    @Option(names = "--output", description = "For a table of all nights. Default: ${DEFAULT-VALUE}")
    private Path output = Path.of("benchmarks/target/nights.csv");

    private Path folder;
    private JavaSparkContext spark;
    private SplittableRandom random;

    @Override
    public Integer call() throws IOException {
        folder = Files.createTempDirectory("convoy-bench-");
        random = new SplittableRandom(seed);
        try (JavaSparkContext context = new JavaSparkContext(LocalSpark.conf("local[2]"));
                Judge judge = new Judge(context, data)) {
            spark = context;
            Files.writeString(folder.resolve("job.conf"), configuration());
            Year year = new Year(judge);
            GrowingDigits digits = new GrowingDigits(
                    new IdxSource(
                            data.resolve("train-images-idx3-ubyte").toString(),
                            data.resolve("train-labels-idx1-ubyte").toString()),
                    seed);
            digits.add(first);
            Calendar calendar = new Calendar(digits, seed);
            for (int night = 1; night <= nights; night++) {
                Calendar.Event event = night == 1 ? Calendar.Event.MORE : calendar.next();
                digits.write(
                        FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(folder.toString()));
                for (Result result : night(event)) {
                    year.add(night, event, digits.size(), result, registered());
                }
            }
            Files.createDirectories(output.toAbsolutePath().getParent());
            Files.write(output, year.rows());
            year.report(System.out);
            System.out.println("faults of the registry: " + registered().verify());
        } finally {
            FileUtils.deleteQuietly(folder.toFile());
        }
        return 0;
    }

    private String configuration() {
        return """
                name = digits
                data {
                  train { format = idx, images = "%1$s/images", labels = "%1$s/labels" }
                  split { test = 0.2 }
                }
                network = mlp
                optimizer { type = adam, learning-rate = 0.001 }
                train { epochs = 2, workers = 2 }
                checkpoint.every = never
                run.directory = "%1$s/runs"
                registry.directory = "%1$s/registry"
                """
                .formatted(folder);
    }

    private RegisteredModel registered() throws IOException {
        return ModelRegistry.of(new Configuration(), folder.resolve("registry").toString())
                .model("digits");
    }

    /** The results of all jobs of a night, in the order in which they ended. */
    private List<Result> night(Calendar.Event event) throws IOException {
        List<Result> results = new ArrayList<>();
        if (event == Calendar.Event.CRASH) {
            RetrainJob.Step last = RetrainJob.Step.values()[random.nextInt(RetrainJob.Step.values().length)];
            try {
                results.add(job(step -> {
                    if (step == last) {
                        throw new ConvoyException("The night ends at " + step);
                    }
                }));
            } catch (ConvoyException e) {
                results.add(job(step -> {}));
            }
        } else if (event == Calendar.Event.DOUBLED) {
            CompletableFuture<Result> other = CompletableFuture.supplyAsync(() -> job(step -> {}));
            results.add(job(step -> {}));
            results.add(other.join());
        } else {
            results.add(job(step -> {}));
        }
        return results;
    }

    private Result job(Consumer<RetrainJob.Step> observer) {
        try {
            return new RetrainJob(
                            spark,
                            ConfigReader.read(folder.resolve("job.conf").toString(), Map.of(), new Configuration()),
                            List.of(),
                            RetrainJob.Options.NONE,
                            observer)
                    .run()
                    .result();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
