package dev.convoy.drift;

import dev.convoy.data.InvalidValueException;

/**
 * How a number is spread over images.
 *
 * @param count images, at least 1
 * @param mean in levels from 0 to 255
 * @param variance over the images, in squared levels; 0 for one image
 */
public record Moments(long count, double mean, double variance) {
    public Moments {
        if (count < 1) {
            throw new InvalidValueException("count", count, "it must be at least 1");
        }
        if (!(mean >= 0 && mean <= ChannelSums.MAX_LEVEL)) {
            throw new InvalidValueException("mean", mean, "it must be from 0 to 255");
        }
        if (!(variance >= 0 && variance < Double.POSITIVE_INFINITY)) {
            throw new InvalidValueException("variance", variance, "it must be at least 0, and finite");
        }
    }
}
