package dev.convoy.benchmarks;

import dev.convoy.benchmarks.accuracy.AccuracyBenchmark;
import dev.convoy.benchmarks.checkpoint.CheckpointBenchmark;
import dev.convoy.benchmarks.checkpoint.ResumeBenchmark;
import dev.convoy.benchmarks.data.DataBenchmark;
import dev.convoy.benchmarks.engine.EngineBenchmark;
import dev.convoy.benchmarks.exchange.ExchangeBenchmark;
import dev.convoy.benchmarks.predict.PredictBenchmark;
import dev.convoy.benchmarks.retrain.RetrainBenchmark;
import dev.convoy.benchmarks.scale.ScaleBenchmark;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of {@code scripts/bench}. */
@Command(
        name = "bench",
        description = "Times Convoy beside its peers.",
        mixinStandardHelpOptions = true,
        subcommands = {
            EngineBenchmark.class,
            ExchangeBenchmark.class,
            AccuracyBenchmark.class,
            CheckpointBenchmark.class,
            ResumeBenchmark.class,
            RetrainBenchmark.class,
            PredictBenchmark.class,
            DataBenchmark.class,
            ScaleBenchmark.class
        },
        synopsisSubcommandLabel = "BENCHMARK")
public final class Bench {
    private Bench() {}

    /** Exits with 0 if the benchmark ran to its end. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Bench()).execute(arguments));
    }
}
