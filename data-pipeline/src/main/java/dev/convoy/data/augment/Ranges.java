package dev.convoy.data.augment;

import dev.convoy.data.InvalidValueException;
import java.util.List;

/** What values of transforms have to keep to. */
final class Ranges {
    private Ranges() {}

    /** Fails for a value outside of a range, both ends of which are allowed. */
    static void check(String property, double value, double min, double max) {
        if (!(value >= min && value <= max)) {
            throw new InvalidValueException(property, value, "allowed are " + min + " to " + max);
        }
    }

    /** Copies a range; fails if its ends are not in order, or lie outside of what is allowed. */
    static List<Double> checked(String property, List<Double> range, double min, double max) {
        boolean ordered = range.size() == 2 && range.get(0) <= range.get(1);
        if (!ordered || range.get(0) < min || range.get(1) > max) {
            throw new InvalidValueException(property, range, "give [smallest, largest] within " + min + " to " + max);
        }
        return List.copyOf(range);
    }
}
