package dev.convoy.mlflow;

import dev.convoy.data.Printable;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells MLflow what a registry has decided. A call ends within the time of its {@link MlflowTarget}, whatever a server, a network or a file
 * system does, and throws nothing: a failure is a line of the log and an outcome. What could not be sent waits in the folder and goes first at
 * the next call; what was sent is noted and not sent again.
 *
 * <p>Safe for threads of one process, whose calls take turns. Two processes that publish the same version at once may both create it in MLflow.
 */
public final class MlflowMirror {
    private static final Logger LOG = LoggerFactory.getLogger(MlflowMirror.class);

    private final MlflowTarget target;
    private final MirrorFolder folder;
    private final ReentrantLock turn = new ReentrantLock();

    /**
     * @param folder that the mirror alone writes to, for example {@code <registry>/<name>/mlflow}; need not be there
     */
    public MlflowMirror(MlflowTarget target, FileSystem files, Path folder) {
        this.target = target;
        this.folder = new MirrorFolder(files, folder);
    }

    /** Sends a version, after all that waits; one that MLflow has already gets its tags and the aliases as they are now. */
    public MirrorOutcome publish(Publication publication) {
        return bounded(Optional.of(publication));
    }

    /** Sends what waits. */
    public MirrorOutcome catchUp() {
        return bounded(Optional.empty());
    }

    /** Works in a thread of its own, since a file system may hang as well as a server. */
    private MirrorOutcome bounded(Optional<Publication> publication) {
        // The rest is for the outcome to come home.
        Deadline deadline = Deadline.in(target.total().multipliedBy(9).dividedBy(10));
        FutureTask<MirrorOutcome> work = new FutureTask<>(() -> inTurn(publication, deadline));
        Thread thread = new Thread(work, "convoy-mlflow");
        thread.setDaemon(true);
        MirrorOutcome outcome;
        try {
            thread.start();
            outcome = work.get(target.total().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            outcome =
                    MirrorOutcome.failed("it took longer than " + target.total().toMillis() + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            outcome = MirrorOutcome.failed("it was interrupted");
        } catch (ExecutionException e) {
            outcome = MirrorOutcome.failed(why(e.getCause()));
        } catch (OutOfMemoryError e) {
            outcome = MirrorOutcome.failed("no thread can be started");
        } finally {
            work.cancel(true);
        }
        tell(outcome);
        return outcome;
    }

    private MirrorOutcome inTurn(Optional<Publication> publication, Deadline deadline) throws InterruptedException {
        if (!turn.tryLock(deadline.left(), TimeUnit.NANOSECONDS)) {
            return MirrorOutcome.failed("an earlier call has not come to an end");
        }
        try {
            MirrorCall call = new MirrorCall(target, folder, deadline);
            try {
                if (publication.isPresent()) {
                    call.keep(publication.get().mapTexts(target.credentials()::redact));
                }
                call.send();
                return call.outcome(Optional.empty());
            } catch (IOException | RuntimeException e) {
                return call.outcome(Optional.of(why(e)));
            }
        } finally {
            turn.unlock();
        }
    }

    private String why(Throwable failure) {
        String message = failure instanceof IOException && failure.getMessage() != null
                ? Printable.firstLine(failure)
                : failure.toString();
        return target.credentials().line(message);
    }

    private void tell(MirrorOutcome outcome) {
        outcome.refused()
                .forEach(line -> LOG.warn("MLflow does not take all of the model {}: {}", target.model(), line));
        outcome.problem()
                .ifPresent(problem -> LOG.warn(
                        "MLflow has not got all of the model {}, which waits for the next time: {}",
                        target.model(),
                        problem));
    }
}
