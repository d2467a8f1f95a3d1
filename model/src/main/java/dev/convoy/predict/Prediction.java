package dev.convoy.predict;

import java.io.Serializable;
import java.util.List;

/**
 * What a model says of an image, or why it says nothing.
 *
 * @param image its name
 * @param top the likeliest classes, the first one first; empty if there is an error
 * @param error what is the matter with the image, a clause; empty if nothing is
 */
public record Prediction(String image, List<Ranked> top, String error) implements Serializable {
    public Prediction {
        top = List.copyOf(top);
    }

    /**
     * A class in the order of likelihood.
     *
     * @param name of the class
     * @param probability from 0 to 1; of a network for regression, its output
     */
    public record Ranked(String name, double probability) implements Serializable {}

    /** Of an image that cannot be used. */
    static Prediction bad(String image, String error) {
        return new Prediction(image, List.of(), error);
    }

    /** Whether there is an answer. */
    public boolean isAnswered() {
        return error.isEmpty();
    }

    /**
     * The likeliest class.
     *
     * @throws IllegalStateException if there is no answer
     */
    public Ranked best() {
        if (!isAnswered()) {
            throw new IllegalStateException("There is no answer for " + image + ": " + error);
        }
        return top.get(0);
    }
}
