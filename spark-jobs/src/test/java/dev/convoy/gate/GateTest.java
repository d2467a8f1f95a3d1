package dev.convoy.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.gate.Verdict.Reason;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GateTest {
    private static final GatePolicy POLICY = new GatePolicy(0.9);
    private static final AlphaBudget BUDGET = AlphaBudget.of(0.05);
    private static final List<String> PETS = List.of("cat", "dog");

    /** Images 0 to better - 1 got better, the next ones worse; classes take turns. */
    private static Answers answers(int images, int better, int worse) {
        BitSet champion = new BitSet();
        champion.set(better, images);
        BitSet challenger = new BitSet();
        challenger.set(0, better);
        challenger.set(better + worse, images);
        return new Answers(IntStream.range(0, images).map(i -> i % 2).toArray(), champion, challenger, PETS);
    }

    @Test
    void whatIsClearlyBetterIsPromoted() {
        Verdict verdict = Gate.decide(POLICY, BUDGET, answers(10_000, 60, 20));
        assertThat(verdict.sentence())
                .isEqualTo("promoted: 20 images got worse, 60 better of 10,000 (p = 9e-06); test 1 on this hold-out");
        Comparison comparison = verdict.comparison().orElseThrow();
        assertThat(comparison.championAccuracy()).isEqualTo(0.994);
        assertThat(comparison.challengerAccuracy()).isEqualTo(0.998).isEqualTo(verdict.accuracy());
        assertThat(comparison.pBetter()).isCloseTo(4.3e-6, within(1e-7));
        assertThat(comparison.p()).isEqualTo(2 * comparison.pBetter());
        assertThat(comparison.midP()).isLessThan(comparison.p());
        assertThat(comparison.lowerLimit()).isBetween(0.0024, 0.0027);
        assertThat(verdict.test()).contains(new AlphaBudget.Test(BUDGET.tonight(), comparison.pBetter(), true));
    }

    /** The same answers later in the year: 60 to 20 still does, 50 to 24 no longer, which a first night would have promoted. */
    @Test
    void laterTestsAskForMore() {
        AlphaBudget late = AlphaBudgetTest.rejectedFor(299);
        assertThat(Gate.decide(POLICY, late, answers(10_000, 60, 20)).promoted())
                .isTrue();
        assertThat(Gate.decide(POLICY, BUDGET, answers(10_000, 50, 24)).promoted())
                .isTrue();
        Verdict verdict = Gate.decide(POLICY, late, answers(10_000, 50, 24));
        assertThat(verdict.reasons()).containsExactly(Reason.NOT_SHOWN_BETTER);
        assertThat(verdict.sentence())
                .isEqualTo("rejected: 24 images got worse, 50 better of 10,000 (p = 0.0034);"
                        + " smallest difference this hold-out can show in test 300 on it: 0.34 points");
    }

    @Test
    void everyReasonIsNamed() {
        BitSet champion = new BitSet();
        champion.set(0, 8900);
        BitSet challenger = new BitSet();
        challenger.set(31, 8922);
        int[] truths = IntStream.range(0, 10_000).map(i -> i < 1000 ? 0 : 1).toArray();
        Answers tonight = new Answers(truths, champion, challenger, List.of("c\u001Bat", "dog"));
        BitSet former = new BitSet();
        former.set(0, 5000);
        Verdict verdict = Gate.decide(POLICY, BUDGET, tonight, tonight.restrictedTo(former));
        assertThat(verdict.reasons())
                .containsExactly(
                        Reason.BELOW_FLOOR,
                        Reason.NOT_SHOWN_BETTER,
                        Reason.MAY_BE_WORSE,
                        Reason.CLASS_WORSE,
                        Reason.WORSE_ON_OLD_HOLD_OUT);
        assertThat(verdict.sentence())
                .isEqualTo("rejected: 31 images got worse, 22 better of 10,000 (p = 0.27);"
                        + " accuracy 88.91 % is below the floor of 90 %;"
                        + " smallest difference this hold-out can show: 0.17 points;"
                        + " may be worse by 0.21 points, and must not be by 0.2 points;"
                        + " class c\\u001Bat lost 3.1 points;"
                        + " on the champion's old hold-out 31 images got worse, 0 better of 5,000 (p = 5e-10), which is"
                        + " 0.62 points less, and must not be more than 0.2 points");
        ClassComparison cat = verdict.comparison().orElseThrow().classes().get(0);
        assertThat(cat.change()).isEqualTo(new Change(1000, 0, 31));
        assertThat(cat.p()).isCloseTo(Math.pow(2, -31), within(1e-15));
        assertThat(cat.adjustedP()).isCloseTo(Math.pow(2, -30), within(1e-15));
        assertThat(cat.judged() && cat.vetoes()).isTrue();
        assertThat(verdict.comparison().orElseThrow().classes().get(1).vetoes()).isFalse();
    }

    @Test
    void aClassVetoesWhatIsBetterOnTheWhole() {
        BitSet champion = new BitSet();
        champion.set(0, 9000);
        BitSet challenger = new BitSet();
        challenger.set(25, 9200);
        int[] truths = IntStream.range(0, 10_000).map(i -> i < 500 ? 0 : 1).toArray();
        Answers answers = new Answers(truths, champion, challenger, PETS);
        Verdict verdict = Gate.decide(POLICY, BUDGET, answers);
        assertThat(verdict.reasons()).containsExactly(Reason.CLASS_WORSE);
        assertThat(verdict.sentence())
                .isEqualTo("rejected: 25 images got worse, 200 better of 10,000 (p = 4e-35); class cat lost 5 points");
        assertThat(Gate.decide(POLICY.withClassMargin(0.05), BUDGET, answers).promoted())
                .isTrue();
        assertThat(Gate.decide(POLICY.withMinClassImages(501), BUDGET, answers).promoted())
                .isTrue();
        ClassComparison unjudged = Gate.decide(POLICY.withMinClassImages(501), BUDGET, answers)
                .comparison()
                .orElseThrow()
                .classes()
                .get(0);
        assertThat(unjudged.judged()).isFalse();
        assertThat(unjudged.adjustedP()).isEqualTo(1);
        assertThat(unjudged.p()).isLessThan(1e-7);
    }

    @Test
    void equalAnswersAreNoProgress() {
        Verdict verdict = Gate.decide(POLICY, BUDGET, answers(10_000, 0, 0));
        assertThat(verdict.reasons()).containsExactly(Reason.NO_DIFFERENCE);
        assertThat(verdict.sentence())
                .isEqualTo("rejected: 0 images got worse, 0 better of 10,000 (p = 1); no difference;"
                        + " smallest difference this hold-out can show: 0.07 points");
        assertThat(Gate.decide(POLICY, BUDGET, answers(5, 0, 0)).sentence())
                .contains("this hold-out is too small to show any difference");
    }

    @Test
    void anOldHoldOutOnlyAsksNotToBeWorse() {
        Answers better = answers(10_000, 60, 20);
        assertThat(Gate.decide(POLICY, BUDGET, better, answers(9000, 8, 8)).promoted())
                .isTrue();
        assertThat(Gate.decide(POLICY, BUDGET, better, answers(40, 1, 3)).promoted())
                .as("too small to show anything")
                .isTrue();
        Verdict worse = Gate.decide(POLICY, BUDGET, better, answers(9000, 8, 30));
        assertThat(worse.reasons()).containsExactly(Reason.WORSE_ON_OLD_HOLD_OUT);
        assertThat(worse.oldHoldOut().orElseThrow().change()).isEqualTo(new Change(9000, 8, 30));
    }

    @Test
    void aFirstNightHasTheFloorAlone() {
        Verdict good = Gate.first(POLICY, 1000, 900);
        assertThat(good.sentence())
                .isEqualTo("promoted: first model, judged by the floor alone; accuracy 90 % reaches the floor of 90 %");
        assertThat(good.comparison()).isEmpty();
        assertThat(good.test()).isEmpty();
        Verdict bad = Gate.first(POLICY, 1000, 899);
        assertThat(bad.reasons()).containsExactly(Reason.BELOW_FLOOR);
        assertThat(bad.sentence())
                .isEqualTo("rejected: first model, judged by the floor alone;"
                        + " accuracy 89.9 % is below the floor of 90 %");
    }

    @Property(tries = 100)
    void theOrderOfTheImagesDoesNotMatter(@ForAll long seed, @ForAll @IntRange(min = 1, max = 300) int images) {
        Random random = new Random(seed);
        int[] truths = random.ints(images, 0, 3).toArray();
        BitSet champion = bits(random, images);
        BitSet challenger = bits(random, images);
        List<Integer> order = new ArrayList<>(IntStream.range(0, images).boxed().toList());
        Collections.shuffle(order, random);
        BitSet movedChampion = new BitSet();
        BitSet movedChallenger = new BitSet();
        for (int i = 0; i < images; i++) {
            movedChampion.set(i, champion.get(order.get(i)));
            movedChallenger.set(i, challenger.get(order.get(i)));
        }
        int[] moved = order.stream().mapToInt(i -> truths[i]).toArray();
        List<String> names = List.of("a", "b", "c");
        assertThat(Gate.decide(POLICY, BUDGET, new Answers(moved, movedChampion, movedChallenger, names)))
                .isEqualTo(Gate.decide(POLICY, BUDGET, new Answers(truths, champion, challenger, names)));
    }

    private static BitSet bits(Random random, int images) {
        BitSet bits = new BitSet();
        IntStream.range(0, images).filter(i -> random.nextInt(10) > 0).forEach(bits::set);
        return bits;
    }

    /** One more image that only the challenger gets right never turns a promotion into a rejection. */
    @Property(tries = 200)
    void oneMoreImageThatGotBetterDoesNotHarm(
            @ForAll @IntRange(max = 100) int better, @ForAll @IntRange(max = 100) int worse) {
        Verdict verdict = Gate.decide(POLICY, BUDGET, answers(2000, better, worse));
        Verdict more = Gate.decide(POLICY, BUDGET, answers(2000, better + 1, worse));
        assertThat(verdict.promoted() && !more.promoted()).isFalse();
    }

    /** Of two models one at most replaces the other. */
    @Property(tries = 200)
    void neverBothWays(@ForAll @IntRange(max = 100) int better, @ForAll @IntRange(max = 100) int worse) {
        assertThat(Gate.decide(POLICY, BUDGET, answers(2000, better, worse)).promoted()
                        && Gate.decide(POLICY, BUDGET, answers(2000, worse, better))
                                .promoted())
                .isFalse();
    }

    @Test
    void whatCannotBeIsRefused() {
        BitSet long3 = new BitSet();
        long3.set(2);
        assertThatThrownBy(() -> new Answers(new int[] {0, 1}, long3, new BitSet(), PETS))
                .hasMessageContaining("champion = an answer to image 2; there are 2 images");
        assertThatThrownBy(() -> new Answers(new int[] {2}, new BitSet(), new BitSet(), PETS))
                .hasMessageContaining("truths = 2; there are 2 classes");
        assertThatThrownBy(() -> answers(0, 0, 0)).hasMessageContaining("a hold-out has at least one image");
        assertThatThrownBy(() -> new GatePolicy(1.1)).hasMessageContaining("floor = 1.1; it must be from 0 to 1");
        assertThatThrownBy(() -> POLICY.withMargin(Double.NaN)).hasMessageContaining("margin = NaN");
        assertThatThrownBy(() -> POLICY.withAlpha(0)).hasMessageContaining("alpha = 0.0; it must be above 0");
        assertThatThrownBy(() -> POLICY.withMinClassImages(0)).hasMessageContaining("minClassImages = 0");
        assertThatThrownBy(() -> Gate.first(POLICY, 10, 11)).hasMessageContaining("right = 11 of 10");
    }
}
