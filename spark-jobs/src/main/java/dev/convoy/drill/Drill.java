package dev.convoy.drill;

import dev.convoy.checkpoint.CheckpointStore;
import dev.convoy.checkpoint.SavedCheckpoint;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Sha256;
import dev.convoy.jobs.Result;
import dev.convoy.jobs.RunDirectory;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.storage.AtomicFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.apache.commons.io.IOUtils;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Trains once undisturbed, then again for each disturbance, and compares the weights. What happens when follows from a seed, as far as time can.
 */
public final class Drill {
    /** What is done to a training. */
    public enum Disturbance {
        EXECUTOR("an executor is ended"),
        DRIVER("the driver is killed, training resumed"),
        SIGNAL("the driver is told to end, training resumed"),
        BOTH("an executor is ended, then the driver killed, training resumed"),
        CHECKPOINT("the driver is killed, the newest checkpoint damaged, training resumed");

        private final String words;

        Disturbance(String words) {
            this.words = words;
        }

        boolean endsExecutor() {
            return this == EXECUTOR || this == BOTH;
        }

        boolean endsDriver() {
            return this != EXECUTOR;
        }
    }

    /**
     * What came of a disturbance.
     *
     * @param what was done, and when
     * @param seed that decided when
     * @param seconds that it took in all
     * @param extraSeconds more than undisturbed
     * @param disturbed whether it came in time; a training may have ended before
     * @param agrees whether the weights are those of the undisturbed training, bit for bit
     */
    public record Outcome(
            String what, long seed, double seconds, double extraSeconds, boolean disturbed, boolean agrees) {}

    /** Of the time of the undisturbed training, in which trainings are disturbed: before, nothing has begun. */
    private static final double EARLIEST = 0.2;

    /** How often a training that ended too soon is begun again, and how much sooner it is then disturbed. */
    private static final int ATTEMPTS = 4;

    private static final double SOONER = 0.6;

    /** Between two looks at whether there is a checkpoint. */
    private static final double LOOK_SECONDS = 0.2;

    private final FileSystem files;
    private final Path folder;
    private final List<String> command;
    private final Consumer<String> progress;

    /**
     * @param folder for the runs, which is made
     * @param command that trains, but for the run's directory
     * @param progress is told what is about to be done
     */
    public Drill(FileSystem files, Path folder, List<String> command, Consumer<String> progress) {
        this.files = files;
        this.folder = folder;
        this.command = command;
        this.progress = progress;
    }

    /**
     * Trains and disturbs.
     *
     * @param seed of the first disturbance; each further one has the next number
     * @throws ConvoyException if the undisturbed training fails, or one that was disturbed does not come to its end
     */
    public List<Outcome> run(List<Disturbance> disturbances, long seed) throws IOException, InterruptedException {
        progress.accept("undisturbed");
        Training undisturbed = new Training("undisturbed");
        double usual = undisturbed.toTheEnd(List.of());
        String weights = undisturbed.weights();
        List<Outcome> outcomes = new ArrayList<>();
        for (Disturbance disturbance : disturbances) {
            outcomes.add(disturb(disturbance, seed + outcomes.size(), usual, weights));
        }
        return outcomes;
    }

    /** A machine that was busy meanwhile may be quicker now, so that a training ends before it is disturbed: then sooner, and again. */
    private Outcome disturb(Disturbance disturbance, long seed, double usual, String weights)
            throws IOException, InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        double reach = usual;
        int attempt = 1;
        while (true) {
            Moments moments = Moments.draw(disturbance, reach, random);
            progress.accept(disturbance.words + moments);
            Training training = new Training(disturbance.name().toLowerCase(Locale.ROOT) + "-" + seed + "-" + attempt);
            long began = System.nanoTime();
            boolean disturbed = training.disturbed(disturbance, moments, random);
            double seconds = (System.nanoTime() - began) / 1e9;
            if (disturbed || attempt == ATTEMPTS) {
                return new Outcome(
                        disturbance.words + moments,
                        seed,
                        seconds,
                        seconds - usual,
                        disturbed,
                        training.weights().equals(weights));
            }
            attempt++;
            reach *= SOONER;
        }
    }

    /**
     * When something is done, in seconds from the beginning.
     *
     * @param executor 0 if none is ended
     * @param driver 0 if it is not
     */
    private record Moments(double executor, double driver) {
        static Moments draw(Disturbance disturbance, double reach, SplittableRandom random) {
            double first = reach * (EARLIEST + (1 - EARLIEST) * random.nextDouble());
            double second = disturbance == Disturbance.BOTH ? first + (reach - first) * random.nextDouble() : first;
            return new Moments(disturbance.endsExecutor() ? first : 0, disturbance.endsDriver() ? second : 0);
        }

        @Override
        public String toString() {
            return (executor > 0 ? String.format(Locale.ROOT, ", executor at %.1f s", executor) : "")
                    + (driver > 0 ? String.format(Locale.ROOT, ", driver at %.1f s", driver) : "");
        }
    }

    /** A run directory's parent, and the processes that train into it. */
    private final class Training {
        private final Path parent;

        Training(String name) {
            this.parent = new Path(folder, name);
        }

        /** Trains to the end, disturbed if it has not come to its end before; whether it was. */
        boolean disturbed(Disturbance disturbance, Moments moments, SplittableRandom random)
                throws IOException, InterruptedException {
            List<String> options = disturbance.endsExecutor()
                    ? List.of("--end-executor-after", String.format(Locale.ROOT, "%.2f", moments.executor))
                    : List.of();
            if (!disturbance.endsDriver()) {
                return toTheEnd(options) > moments.executor;
            }
            boolean disturbed = endedAfter(moments.driver, options, disturbance);
            if (disturbance == Disturbance.CHECKPOINT) {
                disturbed &= damageNewestCheckpoint(random);
            }
            if (!isFinished()) {
                toTheEnd(List.of());
            }
            return disturbed;
        }

        private ChildProcess start(List<String> options) throws IOException {
            List<String> whole = new ArrayList<>(command);
            whole.addAll(List.of("--set", "run.directory=" + parent, "--resume", "auto"));
            whole.addAll(options);
            return ChildProcess.start(whole);
        }

        /** Trains to the end; the seconds that it takes. */
        double toTheEnd(List<String> options) throws IOException, InterruptedException {
            long began = System.nanoTime();
            try (ChildProcess process = start(options)) {
                process.finish();
            }
            return (System.nanoTime() - began) / 1e9;
        }

        /** Ends the process after a time, and if need be after its first checkpoint; whether it had not ended before. */
        private boolean endedAfter(double seconds, List<String> options, Disturbance disturbance)
                throws IOException, InterruptedException {
            try (ChildProcess process = start(options)) {
                boolean ended = process.hasEndedWithin(seconds);
                while (!ended
                        && disturbance == Disturbance.CHECKPOINT
                        && newestCheckpoint().isEmpty()) {
                    ended = process.hasEndedWithin(LOOK_SECONDS);
                }
                if (!ended) {
                    process.end(disturbance == Disturbance.SIGNAL);
                }
                return !ended;
            }
        }

        private Optional<SavedCheckpoint> newestCheckpoint() throws IOException {
            Optional<Path> run = run();
            return run.isEmpty()
                    ? Optional.empty()
                    : new CheckpointStore(files, new Path(run.get(), RunDirectory.CHECKPOINTS)).newest();
        }

        private Optional<Path> run() throws IOException {
            try {
                return Arrays.stream(files.listStatus(parent))
                        .map(FileStatus::getPath)
                        .max(Path::compareTo);
            } catch (FileNotFoundException e) {
                return Optional.empty();
            }
        }

        /** The digest of the last model. */
        String weights() throws IOException {
            Path run = run().orElseThrow(() -> new ConvoyException("Cannot find a run in " + parent));
            try (InputStream in = files.open(new Path(new Path(run, RunDirectory.LAST_MODEL), TrainedModel.WEIGHTS))) {
                return Sha256.of(in);
            }
        }

        /**
         * Turns a bit of the newest checkpoint's vectors, if there is one, the run is not finished, and training can go on afterwards:
         * from an older one, or anew where there is no model to replace. Whether it did.
         */
        boolean damageNewestCheckpoint(SplittableRandom random) throws IOException {
            Optional<SavedCheckpoint> newest = newestCheckpoint();
            if (newest.isEmpty() || isFinished()) {
                return false;
            }
            Path vectors = newest.get().vectors();
            long place = random.nextLong(files.getFileStatus(vectors).getLen());
            flip(vectors, place);
            boolean goesOn =
                    newestCheckpoint().isPresent() || !files.exists(new Path(run().orElseThrow(), RunDirectory.MODEL));
            if (!goesOn) {
                flip(vectors, place);
            }
            return goesOn;
        }

        /** Turns a bit of a file that may be larger than memory. */
        private void flip(Path file, long place) throws IOException {
            AtomicFiles.replace(files, file, out -> {
                try (FSDataInputStream in = files.open(file)) {
                    IOUtils.copyLarge(in, out, 0, place);
                    out.write(in.read() ^ 1);
                    IOUtils.copyLarge(in, out);
                }
            });
        }

        boolean isFinished() throws IOException {
            Optional<Path> run = run();
            return run.isPresent() && RunDirectory.status(files, run.get()).equals(Result.Status.COMPLETED.name());
        }
    }
}
