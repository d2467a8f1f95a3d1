package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import dev.convoy.mlflow.MlflowCredentials;
import dev.convoy.mlflow.MlflowMetrics;
import dev.convoy.mlflow.MlflowTarget;
import dev.convoy.report.Event;
import dev.convoy.report.RunHistory;
import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Tells MLflow the metrics of a run afterwards. */
public final class SyncJob {
    private SyncJob() {}

    /**
     * Sends all metrics of a run, into the run of its name in the experiment, which is made if it is not there. Numbers that MLflow has
     * already get the same steps and times once more.
     *
     * @param server http or https, without credentials, which come from the environment
     * @return how many points were sent
     * @throws ConvoyException if it does not take all of them
     */
    public static int run(Configuration hadoop, String run, String server, String experiment) throws IOException {
        Path path = new Path(run);
        FileSystem files = path.getFileSystem(hadoop);
        if (!files.exists(path)) {
            throw new ConvoyException("Cannot find the run " + run + "; give the directory of a run");
        }
        RunHistory history = RunHistory.read(files, path);
        MlflowTarget target = new MlflowTarget(URI.create(server), experiment, MlflowCredentials.fromEnvironment());
        MlflowMetrics metrics =
                new MlflowMetrics(target, files.makeQualified(path).getName());
        MlflowSink sink = new MlflowSink(metrics);
        int points = 0;
        for (Event event : history.all()) {
            if (!(event instanceof Event.Ended)) {
                sink.accept(event);
                points += event instanceof Event.Rounds || event instanceof Event.Epoch ? 1 : 0;
            }
        }
        String ending = history.last(Event.Ended.class).map(Event.Ended::ending).orElse("failed");
        long missing = metrics.end(MlflowSink.status(ending));
        if (missing > 0) {
            throw new ConvoyException("Cannot tell " + server + " all of " + run + ": it has not got " + missing
                    + " numbers; look whether it answers, and try again");
        }
        return points;
    }
}
