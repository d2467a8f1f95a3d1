package dev.convoy.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class McNemarTest {
    private static final Percentage EXACT = Percentage.withPercentage(1e-8);

    /** Ten coins: 1024 outcomes, of which 1 has ten heads, 10 have nine and 45 have eight. */
    @Test
    void comesToWhatIsCountedByHand() {
        assertThat(McNemar.upperTail(8, 2)).isCloseTo(56 / 1024.0, EXACT);
        assertThat(McNemar.twoSided(2, 8)).isCloseTo(112 / 1024.0, EXACT);
        assertThat(McNemar.midP(8, 2)).isCloseTo((112 - 45) / 1024.0, EXACT);
        assertThat(McNemar.upperTail(10, 0)).isCloseTo(1 / 1024.0, EXACT);
        assertThat(McNemar.upperTail(0, 10)).isEqualTo(1);
        assertThat(McNemar.twoSided(5, 5)).isEqualTo(1);
        assertThat(McNemar.midP(5, 5)).isCloseTo(1, EXACT);
        assertThat(McNemar.twoSided(0, 0)).isEqualTo(1);
        assertThat(McNemar.midP(0, 0)).isEqualTo(1);
    }

    /** A. Agresti, "Categorical data analysis", 1990: 150 who turned to disapproval, 86 to approval. And probabilities far below one's last digit. */
    @Test
    void keepsTheDigitsOfSmallProbabilities() {
        assertThat(McNemar.twoSided(86, 150)).isCloseTo(exact(150, 86) * 2, EXACT);
        assertThat(McNemar.upperTail(100, 0)).isCloseTo(Math.pow(2, -100), EXACT);
        assertThat(McNemar.upperTail(700, 300)).isCloseTo(exact(700, 300), EXACT);
    }

    @Property(tries = 300)
    void isTheSumOverAllMoreExtremeOutcomes(
            @ForAll @IntRange(max = 120) int better, @ForAll @IntRange(max = 120) int worse) {
        assertThat(McNemar.upperTail(better, worse)).isCloseTo(exact(better, worse), EXACT);
    }

    @Property(tries = 300)
    void isSymmetricAndFallsWithEveryImageThatGetsBetter(
            @ForAll @IntRange(max = 2000) int better, @ForAll @IntRange(max = 2000) int worse) {
        assertThat(McNemar.twoSided(better, worse)).isEqualTo(McNemar.twoSided(worse, better));
        assertThat(McNemar.midP(better, worse))
                .isCloseTo(McNemar.midP(worse, better), within(1e-12))
                .isLessThanOrEqualTo(McNemar.twoSided(better, worse));
        assertThat(McNemar.upperTail(better + 1, worse)).isLessThan(McNemar.upperTail(better, worse) + 1e-12);
        assertThat(McNemar.upperTail(better, worse + 1)).isGreaterThan(McNemar.upperTail(better, worse) - 1e-12);
    }

    @Property(tries = 300)
    void theSmallestDifferenceIsTheFirstThatIsShown(
            @ForAll @IntRange(max = 500) int changed, @ForAll @IntRange(min = 1, max = 20) int digits) {
        double alpha = Math.pow(2, -digits) * 0.99;
        int lead = (int) Math.round(McNemar.smallestDifference(10_000, changed, alpha) * 10_000);
        if (changed > digits) {
            int better = (changed + lead) / 2;
            assertThat(McNemar.upperTail(better, changed - better)).isLessThanOrEqualTo(alpha);
            assertThat(McNemar.upperTail(better - 1, changed - better + 1)).isGreaterThan(alpha);
        } else {
            assertThat(lead).isEqualTo(digits + 1);
        }
    }

    /** Of 53 images that change 34 must get better at the level of a first test of 5 %: 15 more than get worse. */
    @Test
    void theSmallestDifferenceOfTheExample() {
        assertThat(McNemar.smallestDifference(10_000, 53, 0.0304)).isEqualTo(0.0015);
        assertThat(McNemar.smallestDifference(3, 0, 0.0304)).isEqualTo(2);
    }

    /** The airways of 21 children before and after a transplantation, with the limits that are given by M. W. Fagerland, S. Lydersen and P. Laake, "Statistical analysis of contingency tables", 2017. */
    @Test
    void theLowerLimitIsTangos() {
        assertThat(new Change(21, 1, 7).lowerLimit(0.025)).isCloseTo(-0.517, within(0.0005));
        assertThat(-new Change(21, 7, 1).lowerLimit(0.025)).isCloseTo(-0.026, within(0.0005));
    }

    /** With nothing changed the limit is -z^2 / (n + z^2): that nothing got worse in 100 images does not say much. */
    @Test
    void theLowerLimitOfEqualAnswersFallsWithTheNumberOfImages() {
        double square = 1.6448536 * 1.6448536;
        for (int images : new int[] {1, 100, 10_000}) {
            assertThat(new Change(images, 0, 0).lowerLimit(0.05)).isCloseTo(-square / (images + square), within(1e-6));
        }
    }

    @Property(tries = 200)
    void theLowerLimitOfManyImagesIsThePlainFormulas(
            @ForAll @IntRange(min = 100, max = 300) int better, @ForAll @IntRange(min = 100, max = 300) int worse) {
        double lead = better - worse;
        double plain = (lead - 1.6448536 * Math.sqrt(better + worse - lead * lead / 10_000)) / 10_000;
        assertThat(new Change(10_000, better, worse).lowerLimit(0.05)).isCloseTo(plain, within(2e-4));
    }

    @Property(tries = 200)
    void theLowerLimitIsBelowWhatWasSeen(
            @ForAll @IntRange(max = 40) int better,
            @ForAll @IntRange(max = 40) int worse,
            @ForAll @IntRange(max = 40) int alike) {
        Change change = new Change(Math.max(1, better + worse + alike), better, worse);
        double limit = change.lowerLimit(0.05);
        assertThat(limit).isBetween(-1.0, change.difference());
        assertThat(change.lowerLimit(0.01)).isLessThanOrEqualTo(limit + 1e-8);
    }

    private static double exact(int heads, int tails) {
        int coins = heads + tails;
        BigInteger sum = BigInteger.ZERO;
        BigInteger choices = BigInteger.ONE;
        for (int k = 0; k <= tails; k++) {
            sum = sum.add(choices);
            choices = choices.multiply(BigInteger.valueOf(coins - k)).divide(BigInteger.valueOf(k + 1));
        }
        return new BigDecimal(sum)
                .divide(new BigDecimal(BigInteger.TWO.pow(coins)), new MathContext(20))
                .doubleValue();
    }
}
