package dev.convoy.cli;

import dev.convoy.jobs.SparkSettings;
import dev.convoy.jobs.SyncJob;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy sync}. */
@Command(
        name = "sync",
        description =
                "Tells an MLflow server the metrics of a run, for example of a time when it was down. Credentials are those"
                        + " of the environment, as MLflow's own clients take them.")
final class Sync implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", description = "A run directory.")
    private String run;

    @Option(names = "--uri", paramLabel = "URI", required = true, description = "The server: http or https.")
    private String uri;

    @Option(
            names = "--experiment",
            paramLabel = "NAME",
            description = "The experiment. Default: the job's name, as while training.")
    private String experiment;

    @Override
    public Integer call() throws IOException {
        System.out.println("sent: " + SyncJob.run(SparkSettings.hadoop(), run, uri, Optional.ofNullable(experiment)));
        return 0;
    }
}
