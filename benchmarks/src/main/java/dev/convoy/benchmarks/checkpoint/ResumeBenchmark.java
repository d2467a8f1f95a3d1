package dev.convoy.benchmarks.checkpoint;

import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.config.ConfigReader;
import dev.convoy.jobs.Resume;
import dev.convoy.jobs.TrainJob;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.commons.io.FileUtils;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains for one epoch more from the beginning, from an early and from a late checkpoint, in turns, and times the first round of each. */
@Command(name = "resume", description = "Times the first round of trainings that begin, and of those that go on.")
public final class ResumeBenchmark implements Callable<Integer> {
    @Option(names = "--conf", description = "What is trained. Default: ${DEFAULT-VALUE}")
    private Path conf = Path.of("conf/mnist-lenet.conf");

    @Option(names = "--epochs", description = "Before the late checkpoint. Default: ${DEFAULT-VALUE}")
    private int epochs = 5;

    @Option(names = "--turns", description = "Trainings of each kind. Default: ${DEFAULT-VALUE}")
    private int turns = 5;

    @Override
    public Integer call() throws IOException {
        Path folder = Files.createTempDirectory("convoy-bench-");
        try (JavaSparkContext spark = new JavaSparkContext(LocalSpark.conf("local[2]"))) {
            Path early = train(spark, folder.resolve("early"), 1, Resume.NEVER, new ArrayList<>());
            Path late = train(spark, folder.resolve("late"), epochs, Resume.NEVER, new ArrayList<>());
            List<Double> fresh = new ArrayList<>();
            List<Double> fromEarly = new ArrayList<>();
            List<Double> fromLate = new ArrayList<>();
            for (int turn = 0; turn < turns; turn++) {
                train(spark, folder.resolve("fresh-" + turn), 1, Resume.NEVER, fresh);
                goOn(spark, early, folder.resolve("early-" + turn), 1, fromEarly);
                goOn(spark, late, folder.resolve("late-" + turn), epochs, fromLate);
            }
            report("from the beginning", fresh);
            report("after 1 epoch", fromEarly);
            report("after " + epochs + " epochs", fromLate);
        } finally {
            FileUtils.deleteQuietly(folder.toFile());
        }
        return 0;
    }

    /** Goes on with a copy of a finished run, for one epoch. */
    private void goOn(JavaSparkContext spark, Path run, Path copy, int done, List<Double> seconds) throws IOException {
        FileUtils.copyDirectory(run.toFile(), copy.resolve(run.getFileName()).toFile());
        Optional<String> directory = Optional.of(copy.resolve(run.getFileName()).toString());
        train(spark, copy, done + 1, new Resume(Resume.Mode.ALWAYS, directory, true), seconds);
    }

    /**
     * Trains.
     *
     * @param seconds is given those from the job's beginning to the end of its first round
     * @return the run directory
     */
    private Path train(JavaSparkContext spark, Path runs, int until, Resume resume, List<Double> seconds)
            throws IOException {
        Map<String, String> settings =
                Map.of("run.directory", runs.toString(), "train.epochs", "" + until, "checkpoint.every", "1 epoch");
        long began = System.nanoTime();
        TrainingListener watch = new TrainingListener() {
            private boolean first = true;

            @Override
            public void roundCompleted(RoundReport round) {
                if (first) {
                    seconds.add((System.nanoTime() - began) / 1e9);
                    first = false;
                }
            }
        };
        TrainJob job = new TrainJob(
                spark, ConfigReader.read(conf.toString(), settings, spark.hadoopConfiguration()), List.of(watch));
        return Path.of(job.withResume(resume).run().directory());
    }

    private static void report(String start, List<Double> seconds) {
        System.out.printf(
                Locale.ROOT,
                "first round %-20s %7.2f s  (%.2f to %.2f)%n",
                start,
                seconds.stream().sorted().skip(seconds.size() / 2).findFirst().orElseThrow(),
                Collections.min(seconds),
                Collections.max(seconds));
    }
}
