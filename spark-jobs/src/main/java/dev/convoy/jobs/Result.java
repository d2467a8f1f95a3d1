package dev.convoy.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.LowerCamelCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.convoy.data.ClassWeights;
import dev.convoy.model.Confidence;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Json;
import dev.convoy.model.Progress;
import dev.convoy.storage.ProcessId;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.EpochReport;
import dev.convoy.train.Evaluator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The content of {@code result.json}. Components that do not apply are null and left out.
 *
 * @param status RUNNING as long as the process lives, or if it ended without a chance to say so
 * @param command train or evaluate
 * @param error one line, if failed or interrupted; error.txt beside may have more
 * @param resume the command that goes on, if there is something to go on with
 * @param attempt at this run, from 1
 * @param process that does the job
 * @param heartbeat when this was written, in UTC, every ten seconds while RUNNING
 * @param progress how far training has come
 * @param checkpoints what there is to go on from
 * @param best the epoch whose model is in {@code model/}
 * @param shuffle in which order examples were trained; of balanced, the ledger's trained examples are draws
 * @param epochs completed
 * @param rounds completed, in whole epochs
 * @param ledger one for each completed epoch
 * @param comparison with another model on the same test images, where that was asked for
 * @param suggestedRate learning rate to begin with, where one was looked for and found
 * @param retrain a night's decision, as {@link dev.convoy.retrain.Decision} has it
 */
@JsonNaming(LowerCamelCaseStrategy.class)
public record Result(
        Status status,
        String command,
        String error,
        String resume,
        Integer attempt,
        Process process,
        String heartbeat,
        TrainingProgress progress,
        Checkpoints checkpoints,
        Best best,
        String backend,
        String exchange,
        String transport,
        String shuffle,
        Integer workers,
        Integer epochs,
        Integer rounds,
        Data data,
        List<EpochReport.Ledger> ledger,
        Train train,
        Test test,
        Throughput throughput,
        Comparison comparison,
        Double suggestedRate,
        JsonNode retrain) {
    /** How a job ended. */
    public enum Status {
        RUNNING,
        COMPLETED,
        /** Ended by SIGTERM or SIGINT; can be gone on with. */
        INTERRUPTED,
        FAILED,
        /** These and those below are a night's, see {@link dev.convoy.retrain.Outcome}. */
        PROMOTED,
        REJECTED,
        NOOP,
        LOCKED,
        INVALID_DATA,
        CLASSES_CHANGED,
        AWAITING_APPROVAL
    }

    /**
     * How far training has come, over all attempts.
     *
     * @param epoch epochs whose rounds are done
     * @param step steps of the running epoch
     * @param round rounds since the start
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record TrainingProgress(int epoch, int step, long round) {
        static TrainingProgress of(Progress progress) {
            return new TrainingProgress(progress.epoch(), progress.step(), progress.globalRound());
        }
    }

    /**
     * Checkpoints.
     *
     * @param last the folder of the newest
     * @param failures how often something could not be written in this attempt; null if never
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Checkpoints(String last, Integer failures) {}

    /**
     * The best epoch so far.
     *
     * @param epoch from 1
     * @param metric by which epochs are compared
     * @param value of it
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Best(int epoch, String metric, double value) {
        static Best of(EpochReport epoch, EarlyStopping.Metric metric) {
            return new Best(epoch.epoch(), Json.key(metric), metric.of(epoch).orElseThrow());
        }
    }

    /**
     * Who does the job.
     *
     * @param host its name
     * @param pid on that host
     * @param started when the system has started it, in UTC
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Process(String host, long pid, String started) {
        static Process current() {
            ProcessId process = ProcessId.current();
            return new Process(process.host(), process.pid(), process.started());
        }
    }

    /**
     * The images.
     *
     * @param trainClasses one for each class, of the training images
     * @param copies of them, as the network sees them
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Data(Split train, Split test, int classes, List<TrainClass> trainClasses, Copies copies) {}

    /**
     * Images whose pixels others have too. What there is not, or too many to compare, is null.
     *
     * @param train training images beyond the first of their kind
     * @param test test images beyond the first of their kind
     * @param testInTraining test images that are training images, too
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Copies(Long train, Long test, Long testInTraining) {}

    /**
     * What a class has in training.
     *
     * @param examples usable images
     * @param weight in the loss
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record TrainClass(String name, long examples, double weight) {
        static List<TrainClass> of(List<String> names, List<Long> examples, ClassWeights weights) {
            return IntStream.range(0, names.size())
                    .mapToObj(c -> new TrainClass(names.get(c), examples.get(c), weights.of(c)))
                    .toList();
        }
    }

    /**
     * One set of images.
     *
     * @param examples usable ones
     * @param rejected others
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Split(long examples, long rejected) {}

    /**
     * Training.
     *
     * @param loss mean over the last epoch
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Train(Double loss) {}

    /**
     * The last evaluation.
     *
     * @param confusion {@code [true class][predicted class]}; null where there are too many classes for all pairs
     * @param confusionPairs {@code [true class, predicted class, count]} of the pairs that occur, in its place
     * @param unanswered images whose outputs were not finite; null if there are none
     * @param mostConfused wrong answers that were given most often
     * @param sureness of {@code evaluate} alone
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Test(
            Double accuracy,
            Double loss,
            List<PerClass> classes,
            long[][] confusion,
            List<long[]> confusionPairs,
            Long unanswered,
            List<Confused> mostConfused,
            Sureness sureness) {
        private static final int MOST_CONFUSED = 5;

        static Test of(Evaluation evaluation, List<String> names) {
            Evaluation.Counts counts = evaluation.counts();
            List<PerClass> classes = IntStream.range(0, names.size())
                    .mapToObj(c -> new PerClass(
                            names.get(c), finite(counts.precision(c)), finite(counts.recall(c)), counts.support()[c]))
                    .toList();
            Optional<long[][]> matrix = evaluation.confusion();
            List<long[]> pairs = evaluation.pairs().stream()
                    .filter(pair -> pair.answer() < evaluation.classes())
                    .map(pair -> new long[] {pair.truth(), pair.answer(), pair.examples()})
                    .toList();
            return new Test(
                    finite(evaluation.accuracy()),
                    finite(evaluation.loss()),
                    classes,
                    matrix.orElse(null),
                    matrix.isPresent() ? null : pairs,
                    evaluation.unanswered() == 0 ? null : evaluation.unanswered(),
                    Confused.most(Confused.of(evaluation, names), MOST_CONFUSED),
                    null);
        }

        static Test of(Evaluator.Examination found, List<String> names) {
            return of(found.evaluation(), names).with(Sureness.of(found.confidence()));
        }

        private Test with(Sureness other) {
            return new Test(accuracy, loss, classes, confusion, confusionPairs, unanswered, mostConfused, other);
        }
    }

    /**
     * How sure the model is of its answers.
     *
     * @param top5Accuracy share of images whose class is among the five likeliest
     * @param calibrationError by how much probabilities differ from shares of right answers, on average
     * @param bins of equal width by the answer's probability; those that have answers
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Sureness(Double top5Accuracy, Double calibrationError, List<Bin> bins) {
        /**
         * Answers of about the same probability.
         *
         * @param answers how many
         * @param probability on average
         * @param accuracy share of right ones
         */
        @JsonNaming(LowerCamelCaseStrategy.class)
        public record Bin(long answers, double probability, double accuracy) {}

        static Sureness of(Confidence found) {
            List<Bin> bins = IntStream.range(0, Confidence.BINS)
                    .filter(bin -> found.answers()[bin] > 0)
                    .mapToObj(bin -> new Bin(
                            found.answers()[bin],
                            found.probabilities()[bin] / found.answers()[bin],
                            (double) found.right()[bin] / found.answers()[bin]))
                    .toList();
            return new Sureness(finite(found.topAccuracy(Confidence.RANKS)), finite(found.calibrationError()), bins);
        }
    }

    /**
     * Two models on the same test images.
     *
     * @param with the other model
     * @param accuracy of the other one
     * @param better images that the evaluated model alone answers rightly
     * @param worse images that the other one alone does
     * @param probability of a difference as large by chance: McNemar's exact test, two-sided
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Comparison(String with, double accuracy, int better, int worse, double probability) {}

    /** One class; precision and recall are left out where they have no value. */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record PerClass(String name, Double precision, Double recall, long support) {}

    /**
     * Speed of training, evaluation not counted.
     *
     * @param imagesPerSecond without the first epoch, in which replicas are built and code is compiled; of the first epoch
     *     if there is no other
     * @param firstEpochImagesPerSecond of the first epoch
     * @param computeSeconds of the slowest worker in each round, all epochs together
     * @param dataSeconds of those, without a batch to train on, of a worker on average
     * @param syncSeconds the rest of the time in rounds
     */
    @JsonNaming(LowerCamelCaseStrategy.class)
    public record Throughput(
            double imagesPerSecond,
            double firstEpochImagesPerSecond,
            double computeSeconds,
            double dataSeconds,
            double syncSeconds) {
        static Throughput of(List<EpochReport> epochs) {
            List<EpochReport> steady = epochs.size() > 1 ? epochs.subList(1, epochs.size()) : epochs;
            double images =
                    steady.stream().mapToLong(epoch -> epoch.ledger().trained()).sum();
            return new Throughput(
                    images
                            / steady.stream()
                                    .mapToDouble(EpochReport::trainSeconds)
                                    .sum(),
                    epochs.get(0).imagesPerSecond(),
                    epochs.stream().mapToDouble(EpochReport::computeSeconds).sum(),
                    epochs.stream().mapToDouble(EpochReport::dataSeconds).sum(),
                    epochs.stream().mapToDouble(EpochReport::syncSeconds).sum());
        }
    }

    static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
