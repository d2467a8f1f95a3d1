package dev.convoy.jobs;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.LowerCamelCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.convoy.model.Evaluation;
import java.util.Comparator;
import java.util.List;

/**
 * A line of {@code evaluation/confusion.csv}: images of a class that were given an answer.
 *
 * @param trueClass what they are
 * @param answer what the model has taken them for; empty if its outputs were not finite
 * @param images how many
 */
@JsonNaming(LowerCamelCaseStrategy.class)
public record Confused(String trueClass, String answer, long images) {
    /** All pairs that occur, by class and answer. */
    static List<Confused> of(Evaluation evaluation, List<String> names) {
        return evaluation.pairs().stream()
                .map(pair -> new Confused(
                        names.get(pair.truth()),
                        pair.answer() < names.size() ? names.get(pair.answer()) : "",
                        pair.examples()))
                .toList();
    }

    /** The wrong answers that were given most often, the first one first. */
    static List<Confused> most(List<Confused> all, int count) {
        return all.stream()
                .filter(pair -> !pair.trueClass.equals(pair.answer))
                .sorted(Comparator.comparingLong(Confused::images).reversed())
                .limit(count)
                .toList();
    }
}
