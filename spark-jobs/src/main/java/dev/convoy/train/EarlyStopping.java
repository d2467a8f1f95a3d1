package dev.convoy.train;

import dev.convoy.data.InvalidValueException;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * Which epoch is the best, and when epochs that are no better end training. It depends on the history alone, so that it is the same over
 * attempts.
 *
 * @param metric by which epochs are compared
 * @param patience how many epochs in a row that are no better than the best end training, at least 1; empty for all epochs that are
 *     planned
 */
public record EarlyStopping(Metric metric, OptionalInt patience) {
    /** Names the epoch with the highest accuracy on the test images, and never stops. */
    public static final EarlyStopping NEVER = new EarlyStopping(Metric.TEST_ACCURACY, OptionalInt.empty());

    public EarlyStopping {
        if (patience.isPresent() && patience.getAsInt() < 1) {
            throw new InvalidValueException("patience", patience.getAsInt(), "it must be at least 1");
        }
    }

    /** What is looked at. */
    public enum Metric {
        /** The higher, the better. */
        TEST_ACCURACY(epoch -> epoch.test().map(EpochReport.Test::accuracy), 1),
        /** The lower, the better. */
        TEST_LOSS(epoch -> epoch.test().map(EpochReport.Test::loss), -1),
        /** The lower, the better. */
        TRAIN_LOSS(epoch -> Optional.of(epoch.trainLoss()), -1);

        private final Function<EpochReport, Optional<Double>> of;
        private final int sign;

        Metric(Function<EpochReport, Optional<Double>> of, int sign) {
            this.of = of;
            this.sign = sign;
        }

        /** The value of an epoch; empty if it has none, or one that is not finite. */
        public OptionalDouble of(EpochReport epoch) {
            return of.apply(epoch)
                    .filter(Double::isFinite)
                    .map(OptionalDouble::of)
                    .orElseGet(OptionalDouble::empty);
        }

        /** Whether it is known only with test images. */
        public boolean needsTest() {
            return this != TRAIN_LOSS;
        }

        private boolean isBetter(EpochReport epoch, EpochReport than) {
            return sign * of(epoch).orElseThrow() > sign * of(than).orElseThrow();
        }
    }

    /** The best epoch so far, the first of equals; empty if none has a value. */
    public Optional<EpochReport> best(TrainingHistory history) {
        return history.epochs().stream()
                .filter(epoch -> metric.of(epoch).isPresent())
                .reduce((best, epoch) -> metric.isBetter(epoch, best) ? epoch : best);
    }

    /** Whether the last epochs were no better, one after another, as often as is allowed. */
    public boolean isMet(TrainingHistory history) {
        int last = history.epochs().size();
        int best = best(history).map(EpochReport::epoch).orElse(last);
        return patience.isPresent() && last - best >= patience.getAsInt();
    }
}
