package dev.convoy.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Years of nights on one hold-out, of models that are drawn instead of trained, so that the truth about them is known. */
class GateYearTest {
    private static final int NIGHTS = AlphaBudget.YEAR;
    private static final GatePolicy POLICY = new GatePolicy(0.5);
    private static final List<String> ONE_CLASS = List.of("all");

    /** How a night's challenger comes about: which images it gets right, given what the champion does. */
    private interface Training {
        BitSet challenger(SplittableRandom random, BitSet champion, int images);
    }

    /** One image in ten is hard; every model gets a hard one right with 60 %, others with this probability. */
    private static BitSet model(SplittableRandom random, int images, double easy) {
        BitSet right = new BitSet(images);
        for (int i = 0; i < images; i++) {
            right.set(i, random.nextDouble() < (i % 10 == 0 ? 0.6 : easy));
        }
        return right;
    }

    private static Answers answers(BitSet champion, BitSet challenger, int images) {
        return new Answers(new int[images], champion, challenger, ONE_CLASS);
    }

    /** Counts promotions, night by night, over years that begin with a model of the same kind. */
    private static int[] promotionsByYear(int years, int images, Training training) {
        SplittableRandom random = new SplittableRandom(15);
        int[] promotions = new int[years];
        for (int year = 0; year < years; year++) {
            BitSet champion = model(random, images, 0.98);
            AlphaBudget budget = AlphaBudget.of(POLICY.alpha());
            for (int night = 0; night < NIGHTS; night++) {
                BitSet challenger = training.challenger(random, champion, images);
                Verdict verdict = Gate.decide(POLICY, budget, answers(champion, challenger, images));
                budget = budget.after(verdict.test().orElseThrow());
                if (verdict.promoted()) {
                    promotions[year]++;
                    champion = challenger;
                }
            }
        }
        return promotions;
    }

    private static double shareOfYearsWithAny(int[] promotions) {
        return (double) IntStream.of(promotions).filter(count -> count > 0).count() / promotions.length;
    }

    @Test
    void aYearOfEquallyGoodModelsRarelyPromotesAny() {
        int[] promotions = promotionsByYear(120, 300, (random, champion, images) -> model(random, images, 0.98));
        assertThat(shareOfYearsWithAny(promotions)).isLessThanOrEqualTo(0.05);
    }

    /** As a champion that is trained on: one image in twenty is answered anew, no better than by any model of the kind. */
    @Test
    void aYearOfChampionsTrainedOnToNoUseRarelyPromotesAny() {
        int[] promotions = promotionsByYear(120, 300, (random, champion, images) -> {
            BitSet again = model(random, images, 0.98);
            BitSet challenger = (BitSet) champion.clone();
            for (int i = 0; i < images; i++) {
                if (random.nextInt(20) == 0) {
                    challenger.set(i, again.get(i));
                }
            }
            return challenger;
        });
        assertThat(shareOfYearsWithAny(promotions)).isLessThanOrEqualTo(0.05);
    }

    @Test
    void aYearOfSlightlyWorseModelsRarelyPromotesAny() {
        int[] promotions = promotionsByYear(60, 300, (random, champion, images) -> model(random, images, 0.978));
        assertThat(shareOfYearsWithAny(promotions)).isLessThanOrEqualTo(0.05);
    }

    /** Three hundred tests later, of 10,000 images, half a point is still found nine times in ten, and three quarters of a point always. */
    @Test
    void lateInTheYearAnImprovementIsStillFound() {
        AlphaBudget late = AlphaBudgetTest.rejectedFor(299);
        assertThat(found(late, 0.005)).isBetween(80, 99);
        assertThat(found(late, 0.0075)).isEqualTo(100);
        assertThat(found(AlphaBudget.of(0.05), 0.005)).isEqualTo(100);
    }

    /** Of a hundred challengers, one per cent of whose answers differ from the champion's, the more of them right, how many are promoted. */
    private static int found(AlphaBudget budget, double improvement) {
        SplittableRandom random = new SplittableRandom(16);
        int images = 10_000;
        int promoted = 0;
        for (int challenger = 0; challenger < 100; challenger++) {
            BitSet first = new BitSet(images);
            BitSet second = new BitSet(images);
            for (int i = 0; i < images; i++) {
                double draw = random.nextDouble();
                first.set(i, draw > 0.005 + improvement / 2);
                second.set(i, draw <= 0.005 + improvement / 2 || draw > 0.01);
            }
            promoted +=
                    Gate.decide(POLICY, budget, answers(first, second, images)).promoted() ? 1 : 0;
        }
        return promoted;
    }

    /**
     * A year in which models learn from more and more images, by a curve that is steep at first, and every seventh night is trained on wrong
     * labels. An image has a difficulty; a model of accuracy a gets it right if it is below a, give or take. The hold-out grows by ten images a night.
     */
    @Test
    void aYearOfProgressKeepsUpAndNeverFalls() {
        for (int seed = 0; seed < 4; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            double[] difficulty = random.doubles(2000 + 10L * NIGHTS).toArray();
            AlphaBudget budget = AlphaBudget.of(POLICY.alpha());
            double truth = 0.9;
            int promotions = 0;
            long championSeed = random.nextLong();
            for (int night = 1; night <= NIGHTS; night++) {
                int images = 2000 + 10 * night;
                double learnt = 0.97 - 0.07 * Math.exp(-night / 100.0);
                double accuracy = night % 7 == 0 ? learnt - 0.03 : learnt;
                long challengerSeed = random.nextLong();
                Answers answers = answers(
                        graded(difficulty, images, truth, championSeed),
                        graded(difficulty, images, accuracy, challengerSeed),
                        images);
                Verdict verdict = Gate.decide(POLICY, budget, answers);
                budget = budget.after(verdict.test().orElseThrow());
                if (verdict.promoted()) {
                    promotions++;
                    assertThat(accuracy).as("night %d", night).isGreaterThan(truth);
                    truth = accuracy;
                    championSeed = challengerSeed;
                }
            }
            assertThat(promotions).isGreaterThan(2);
            assertThat(truth).isGreaterThan(0.96);
        }
    }

    /** What a model answers to an image does not change from night to night. */
    private static BitSet graded(double[] difficulty, int images, double accuracy, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        BitSet right = new BitSet(images);
        for (int i = 0; i < images; i++) {
            right.set(i, difficulty[i] + 0.04 * (random.nextDouble() - 0.5) < accuracy);
        }
        return right;
    }
}
