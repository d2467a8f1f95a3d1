package dev.convoy.train;

import dev.convoy.model.Evaluation;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the epochs of a training have come to, over all of its attempts.
 *
 * @param epochs one report each, from the first on
 * @param test the evaluation after the last of them; empty if there is none
 */
public record TrainingHistory(List<EpochReport> epochs, Optional<Evaluation> test) {
    /** Before the first epoch's end. */
    public static final TrainingHistory EMPTY = new TrainingHistory(List.of(), Optional.empty());

    public TrainingHistory {
        epochs = List.copyOf(epochs);
        for (int i = 0; i < epochs.size(); i++) {
            if (epochs.get(i).epoch() != i + 1) {
                throw new IllegalArgumentException("The report " + (i + 1) + " is of epoch "
                        + epochs.get(i).epoch());
            }
        }
    }

    /** The history with one more epoch. */
    public TrainingHistory plus(EpochReport epoch, Optional<Evaluation> evaluation) {
        return new TrainingHistory(
                Stream.concat(epochs.stream(), Stream.of(epoch)).toList(), evaluation);
    }

    /** The report of the last epoch; empty before there is one. */
    public Optional<EpochReport> last() {
        return epochs.isEmpty() ? Optional.empty() : Optional.of(epochs.get(epochs.size() - 1));
    }
}
