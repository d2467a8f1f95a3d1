package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import dev.convoy.mlflow.MlflowCredentials;
import dev.convoy.mlflow.MlflowMetrics;
import dev.convoy.mlflow.MlflowTarget;
import dev.convoy.report.Event;
import dev.convoy.report.EventLog;
import dev.convoy.report.RunHistory;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Tells MLflow the metrics of a run afterwards. */
public final class SyncJob {
    /** Events from one sending to the next: only so many numbers may wait. */
    private static final int FLUSHED = 1000;

    private SyncJob() {}

    /**
     * Sends all metrics of a run, into the run of its name in the experiment, which is made if it is not there. Numbers that MLflow has
     * already are sent with the same steps and times once more.
     *
     * @param server http or https, without credentials, which come from the environment
     * @param experiment empty for the job's name, as while training
     * @return what was sent where, in words
     * @throws ConvoyException if this is no run, or the server does not take all of it
     */
    public static String run(Configuration hadoop, String run, String server, Optional<String> experiment)
            throws IOException {
        Path path = new Path(run);
        FileSystem files = path.getFileSystem(hadoop);
        if (!files.exists(new Path(path, RunDirectory.RESULT)) || !files.exists(EventLog.file(path, 1))) {
            throw new ConvoyException("Cannot find a run with events in " + run + "; give the directory of a training");
        }
        RunHistory history = RunHistory.read(files, path);
        String folder = files.makeQualified(path).getName();
        // What train names the folder after the job and the time.
        String name = experiment.orElseGet(() -> folder.replaceAll("-[0-9]{8}T[0-9]{6}Z(-[0-9]+)?$", ""));
        MlflowTarget target = new MlflowTarget(URI.create(server), name, MlflowCredentials.fromEnvironment());
        MlflowMetrics metrics = new MlflowMetrics(target, folder);
        MlflowSink sink = new MlflowSink(metrics);
        int events = 0;
        int points = 0;
        boolean taken = true;
        for (Event event : history.all()) {
            if (taken && !(event instanceof Event.Ended)) {
                sink.accept(event);
                points += event instanceof Event.Rounds || event instanceof Event.Epoch ? 1 : 0;
                taken = ++events % FLUSHED > 0 || metrics.flush();
            }
        }
        taken = taken && metrics.flush();
        boolean runs = RunDirectory.status(files, path).equals(Result.Status.RUNNING.name());
        String ending = history.last(Event.Ended.class).map(Event.Ended::ending).orElse("failed");
        long missing = metrics.end(runs ? "RUNNING" : MlflowSink.status(ending));
        if (missing > 0 || !taken) {
            throw new ConvoyException("Cannot tell " + server + " all of " + run + ": it has not got " + missing
                    + " numbers and what comes after them; look whether it answers, and try again");
        }
        return points + " points to the run " + folder + " of the experiment " + name;
    }
}
