package dev.convoy.gate;

import dev.convoy.data.InvalidValueException;
import java.util.BitSet;

/**
 * What a challenger changes on a set of images, and what that says by itself.
 *
 * @param images of the set
 * @param better images that only the challenger gets right
 * @param worse images that only the champion gets right
 */
public record Change(int images, int better, int worse) {
    public Change {
        if (better < 0 || worse < 0 || (long) better + worse > images) {
            throw new InvalidValueException(
                    "images", images, "it cannot be fewer than the " + better + " better and " + worse + " worse ones");
        }
    }

    /**
     * Of two models' answers to the same images.
     *
     * @param images how many
     * @param champion which of them the one is right about
     * @param challenger which of them the other is right about
     */
    public static Change of(int images, BitSet champion, BitSet challenger) {
        BitSet better = (BitSet) challenger.clone();
        better.andNot(champion);
        BitSet worse = (BitSet) champion.clone();
        worse.andNot(challenger);
        return new Change(images, better.cardinality(), worse.cardinality());
    }

    /** By how much the share of right answers rises, from -1 to 1; 0 without images. */
    public double difference() {
        return images == 0 ? 0 : (double) (better - worse) / images;
    }

    /** Chance's probability of a difference as large, to either side: McNemar's exact test. */
    public double probability() {
        return McNemar.twoSided(better, worse);
    }

    /** Chance's probability of so many images on the better side, or more. */
    double probabilityOfBetter() {
        return McNemar.upperTail(better, worse);
    }

    /** Chance's probability of so many images on the worse side, or more. */
    double probabilityOfWorse() {
        return McNemar.upperTail(worse, better);
    }

    /** The lower confidence limit of the difference in accuracy, wrong with this probability. */
    double lowerLimit(double alpha) {
        return PairedDifference.lowerLimit(this, alpha);
    }
}
