package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.drill.Drill;
import dev.convoy.jobs.SparkSettings;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs {@code convoy drill}. */
@Command(
        name = "drill",
        description = "Proves that trainings survive: ends executors, kills drivers, damages checkpoints, resumes, and"
                + " compares the weights with those of a training that nothing happened to. Exit code 0 if all agree.")
final class RunDrill extends ConfiguredJob {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    @Option(
            names = "--times",
            paramLabel = "N",
            description = "How many disturbances, of each kind in turn. Default: each kind once.")
    private Integer times;

    @Option(names = "--seed", paramLabel = "N", description = "Decides when. Default: chosen, and printed.")
    private Long seed;

    @Override
    void run(SparkConf conf, Config config) throws IOException {
        JobConfig job = ConfigReader.toTrainingConfig(config);
        check(job);
        List<Drill.Disturbance> disturbances = disturbances(conf.get("spark.master"));
        long first = seed == null ? System.nanoTime() & Integer.MAX_VALUE : seed;
        Path folder = new Path(job.run().directory(), "drill-" + TIME.format(Instant.now()));
        FileSystem files = folder.getFileSystem(SparkHadoopUtil.get().newConfiguration(conf));
        Drill drill = new Drill(
                files, files.makeQualified(folder), trainCommand(), what -> System.out.println("drill: " + what));
        System.out.println("drill: seed " + first + ", runs in " + folder);
        try {
            List<Drill.Outcome> outcomes = drill.run(disturbances, first);
            print(outcomes, System.out);
            long differing =
                    outcomes.stream().filter(outcome -> !outcome.agrees()).count();
            if (differing > 0) {
                throw new ConvoyException(differing + " of " + outcomes.size()
                        + " trainings that were disturbed have come to other weights; their runs are in " + folder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: the drill was interrupted", e);
        }
    }

    private void check(JobConfig job) {
        if (job.sync().transport() == JobConfig.Sync.Transport.DL4J_SPARK) {
            throw new ConvoyException(
                    "Cannot drill sync.transport = dl4j-spark, which cannot be resumed; use rounds or all-reduce");
        }
        if (job.sync().hasChoice()) {
            throw new ConvoyException(
                    "Cannot drill sync = auto: each training would choose by what it has measured; try"
                            + " --set sync.exchange=gradient --set sync.transport=all-reduce");
        }
        boolean measured = job.sync().exchange() == JobConfig.Sync.Rule.PARAMETER_AVERAGING
                && job.sync().localSteps().equals("auto");
        if (measured || !job.sync().roundTimeout().equals("none")) {
            throw new ConvoyException("Cannot drill sync."
                    + (measured
                            ? "local-steps = auto"
                            : "round-timeout = " + job.sync().roundTimeout())
                    + ": what is trained then depends on how long things take, so that no two trainings agree; try"
                    + (measured ? " --set sync.local-steps=16" : " --set sync.round-timeout=none --set sync.quorum=1"));
        }
        if (times != null && times < 1) {
            throw new ConvoyException("Cannot drill --times " + times + "; it must be at least 1");
        }
    }

    /** In local mode there are no executors. */
    private List<Drill.Disturbance> disturbances(String master) {
        List<Drill.Disturbance> kinds = new ArrayList<>(List.of(Drill.Disturbance.values()));
        if (SparkSettings.isLocal(master)) {
            kinds.removeAll(List.of(Drill.Disturbance.EXECUTOR, Drill.Disturbance.BOTH));
            System.out.println("drill: local mode has no executors to end; try --master local-cluster[2,1,2048] too");
        }
        return IntStream.range(0, times == null ? kinds.size() : times)
                .mapToObj(i -> kinds.get(i % kinds.size()))
                .toList();
    }

    private static void print(List<Drill.Outcome> outcomes, PrintStream out) {
        out.printf("%-10s %9s %9s  %-8s %s%n", "seed", "seconds", "extra", "weights", "what was done");
        for (Drill.Outcome outcome : outcomes) {
            out.printf(
                    Locale.ROOT,
                    "%-10d %9.1f %+9.1f  %-8s %s%n",
                    outcome.seed(),
                    outcome.seconds(),
                    outcome.extraSeconds(),
                    outcome.agrees() ? "agree" : "DIFFER",
                    outcome.what() + (outcome.disturbed() ? "" : " (too late, or too early: not disturbed)"));
        }
    }
}
