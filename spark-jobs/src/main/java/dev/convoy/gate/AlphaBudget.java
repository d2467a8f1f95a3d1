package dev.convoy.gate;

import dev.convoy.data.InvalidValueException;
import java.util.ArrayList;
import java.util.List;

/**
 * The probability of being wrong, dealt out to the nights that test on one hold-out: over all of them together some challenger that is no better
 * is promoted with probability alpha at most, however the tests hang together.
 *
 * <p>This is the online fallback procedure of J. Tian and A. Ramdas, "Online control of the familywise error rate", Statistical Methods in Medical
 * Research 30, 2021: test k has {@code alpha_k = alpha gamma_k}, and, if the test before ended with a promotion, that one's level as well, since a
 * promotion that is right costs nothing. The shares {@code gamma_k} may be any that sum to 1 at most. Half of alpha is dealt out as
 * {@code 6 / (pi^2 k^2)}, which is generous to the first nights and never ends; the other half evenly to the first {@link #YEAR} tests, without
 * which the last test of a year would be asked for a quarter of a millionth instead of 69 millionths.
 *
 * <p>For example, with alpha 0.05: test 1 has 0.0153, test 2 has 0.0039; if test 1 promoted, test 2 has 0.0191; test 365 has 0.00007.
 *
 * <p>The procedure takes what is compared for given. A challenger is, as long as it was trained without the hold-out; a champion was chosen by
 * it, and so looks better on it than it is, which makes later tests stricter unless challengers go on in the direction of that luck.
 *
 * <p>Every comparison counts, whatever came of it, or how often it is repeated would depend on what it said; one that a crashed night repeats
 * with the same models on the same images is the same test. A hold-out that grows stays the same; one that is made of other images is
 * refreshed, and its list of tests begins anew.
 *
 * @param alpha the whole, above 0 and at most 1/2
 * @param tests earlier ones on this hold-out, oldest first
 */
public record AlphaBudget(double alpha, List<Test> tests) {
    /** How many tests have the even half; beyond, a hold-out should be refreshed. */
    public static final int YEAR = 365;

    public AlphaBudget {
        GatePolicy.checkAlpha(alpha);
        tests = List.copyOf(tests);
    }

    /**
     * A test that was made.
     *
     * @param alpha its level, from 0 to 1/2
     * @param p what it came to, from 0 to 1
     * @param promoted whether the challenger became champion
     */
    public record Test(double alpha, double p, boolean promoted) {
        public Test {
            if (!(alpha >= 0 && alpha <= 0.5)) {
                throw new InvalidValueException("alpha", alpha, "it must be from 0 to 0.5");
            }
            if (!(p >= 0 && p <= 1)) {
                throw new InvalidValueException("p", p, "it must be from 0 to 1");
            }
            if (promoted && p > alpha) {
                throw new InvalidValueException("p", p, "what was promoted at " + alpha + " has at most that");
            }
        }
    }

    /** A budget of which nothing has been spent. */
    public static AlphaBudget of(double alpha) {
        return new AlphaBudget(alpha, List.of());
    }

    /** The budget after one more test. */
    public AlphaBudget after(Test test) {
        List<Test> more = new ArrayList<>(tests);
        more.add(test);
        return new AlphaBudget(alpha, more);
    }

    /** The number of the next test, from 1. */
    public int next() {
        return tests.size() + 1;
    }

    /** The level of the next test. It never exceeds what is left, even if alpha was larger in earlier tests. */
    public double tonight() {
        double saved = 0;
        if (!tests.isEmpty() && tests.get(tests.size() - 1).promoted()) {
            saved = tests.get(tests.size() - 1).alpha();
        }
        return Math.max(0, Math.min(alpha * share(next()) + saved, alpha - spent()));
    }

    /** What tests that did not promote have used up. */
    public double spent() {
        return tests.stream()
                .filter(test -> !test.promoted())
                .mapToDouble(Test::alpha)
                .sum();
    }

    private static double share(int test) {
        double falling = 6 / (Math.PI * Math.PI * test * test);
        return 0.5 * falling + (test <= YEAR ? 0.5 / YEAR : 0);
    }
}
