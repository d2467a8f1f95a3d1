package dev.convoy.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code data.class-weights}: the word {@code balanced}, or weights by the names of classes.
 *
 * @param balanced whether weights follow from the number of images in each class
 * @param named finite and at least 0; classes that are not named weigh 1
 */
public record ClassWeighting(boolean balanced, Map<String, Double> named) {
    /** All classes weigh 1. */
    public static final ClassWeighting NONE = new ClassWeighting(false, Map.of());

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static ClassWeighting of(JsonNode value) {
        if (value.asText().equals("balanced")) {
            return new ClassWeighting(true, Map.of());
        }
        if (!value.isObject()) {
            throw new ConvoyException(
                    "Cannot use data.class-weights = " + value + "; allowed are balanced, and an object"
                            + " of weights by class, for example { cat = 2.0, dog = 0.5 }");
        }
        Map<String, Double> named = new TreeMap<>();
        value.fields().forEachRemaining(field -> named.put(field.getKey(), weight(field.getKey(), field.getValue())));
        return new ClassWeighting(false, named);
    }

    private static double weight(String name, JsonNode value) {
        // What --set gives is text. A boolean would be taken for a number.
        double weight = value.isBoolean() ? Double.NaN : value.asDouble(Double.NaN);
        if (!(weight >= 0 && Double.isFinite(weight))) {
            throw new ConvoyException("Cannot use data.class-weights." + name + " = " + value
                    + "; a weight must be a finite number, at least 0");
        }
        return weight;
    }

    /**
     * Fails if the names do not fit, for which no image need be read.
     *
     * @throws ConvoyException if there is no class of a name, or if all classes weigh 0
     */
    public void check(List<String> classNames) {
        for (String name : named.keySet()) {
            if (!classNames.contains(name)) {
                throw new ConvoyException("Cannot use data.class-weights." + name + ": " + name
                        + " is not among the classes " + classNames + "; name one of them, or leave it out");
            }
        }
        if (classNames.stream().allMatch(name -> weightOf(name) == 0)) {
            throw new ConvoyException("Cannot use data.class-weights: all classes weigh 0, so that nothing would be"
                    + " learnt; give at least one of them more");
        }
    }

    private double weightOf(String name) {
        return named.getOrDefault(name, 1.0);
    }

    /**
     * The weights.
     *
     * @param classNames in the order of the class indexes
     * @param examples training images of each
     */
    public ClassWeights weights(List<String> classNames, List<Long> examples) {
        if (balanced) {
            return ClassWeights.balanced(examples);
        }
        return named.isEmpty()
                ? ClassWeights.NONE
                : new ClassWeights(classNames.stream().map(this::weightOf).toList());
    }
}
