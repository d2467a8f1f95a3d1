package dev.convoy.drift;

import dev.convoy.data.InvalidValueException;

/**
 * How large a shift is one to stop for, whatever the number of images. An alarm says two things: that what was seen is surely not chance, and
 * that the shift may be as large as its limit; {@code standardErrors} say what is sure. So at any number of images chance alone raises no alarm;
 * and a shift of the limit's size raises it always from the number on at which it stands out from chance by twice that many errors. With five
 * standard errors and n images on both sides, or half of n against very many, this is
 *
 * <ul>
 *   <li>for a fifth of a deviation of brightness or contrast, n = 5,000;
 *   <li>for a twentieth of the shares of 2 classes, n = 24,000; of 10, which chance alone moves further apart, n = 31,000; of 100, n = 64,000;
 *       of 1,000, n = 250,000.
 * </ul>
 *
 * With fewer images a larger shift is told: {@link Finding#smallestTold}. A shift below the limit raises no alarm once there are images enough
 * to tell that it is below.
 *
 * @param classShift of shares of classes, as total variation: the share of images that would have to be of another class
 * @param channelShift of brightness and contrast, in deviations between images
 * @param fileShift of shares of sizes and of formats, as total variation; warns, but never alarms, since decoding makes them alike
 * @param rejectedRise of the share of rejected files
 * @param copiesRise of the share of byte-equal copies
 * @param standardErrors beyond which nothing is chance, at least 1
 */
public record DriftPolicy(
        double classShift,
        double channelShift,
        double fileShift,
        double rejectedRise,
        double copiesRise,
        double standardErrors) {
    /** The fewest images, of either set, whose brightness and contrast are judged. */
    public static final int MIN_IMAGES = 30;

    public DriftPolicy {
        checkShare("classShift", classShift);
        if (!(channelShift > 0 && channelShift <= 100)) {
            throw new InvalidValueException("channelShift", channelShift, "it must be above 0 and at most 100");
        }
        checkShare("fileShift", fileShift);
        checkShare("rejectedRise", rejectedRise);
        checkShare("copiesRise", copiesRise);
        if (!(standardErrors >= 1 && standardErrors <= 8)) {
            throw new InvalidValueException("standardErrors", standardErrors, "it must be from 1 to 8");
        }
    }

    /**
     * A policy that stops for a twentieth of the shares of classes, a fifth of a deviation, or a twentieth more rejected files or copies, and
     * warns of a tenth of sizes or formats.
     */
    public DriftPolicy() {
        this(0.05, 0.2, 0.1, 0.05, 0.05, 5);
    }

    private static void checkShare(String property, double value) {
        if (!(value > 0 && value <= 1)) {
            throw new InvalidValueException(property, value, "it must be above 0 and at most 1");
        }
    }

    public DriftPolicy withClassShift(double changed) {
        return new DriftPolicy(changed, channelShift, fileShift, rejectedRise, copiesRise, standardErrors);
    }

    public DriftPolicy withChannelShift(double changed) {
        return new DriftPolicy(classShift, changed, fileShift, rejectedRise, copiesRise, standardErrors);
    }

    public DriftPolicy withFileShift(double changed) {
        return new DriftPolicy(classShift, channelShift, changed, rejectedRise, copiesRise, standardErrors);
    }

    public DriftPolicy withRejectedRise(double changed) {
        return new DriftPolicy(classShift, channelShift, fileShift, changed, copiesRise, standardErrors);
    }

    public DriftPolicy withCopiesRise(double changed) {
        return new DriftPolicy(classShift, channelShift, fileShift, rejectedRise, changed, standardErrors);
    }

    public DriftPolicy withStandardErrors(double changed) {
        return new DriftPolicy(classShift, channelShift, fileShift, rejectedRise, copiesRise, changed);
    }
}
