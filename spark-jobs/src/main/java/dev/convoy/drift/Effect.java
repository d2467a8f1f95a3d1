package dev.convoy.drift;

/**
 * How far two sets are apart in one respect.
 *
 * @param size what was seen, at least 0
 * @param chance what two sets of one kind show on the average, at least 0
 * @param error the standard error of the size, at least 0
 */
record Effect(double size, double chance, double error) {
    static final Effect NONE = new Effect(0, 0, 0);

    boolean isMoreThanChance(double standardErrors) {
        return size > 0 && size - chance >= standardErrors * error;
    }

    /** The smallest true shift that is never taken for chance. */
    double smallestTold(double standardErrors) {
        return chance + 2 * standardErrors * error;
    }

    /** An alarm if it is sure and may reach the limit; a warning if it is sure and half of the limit was seen. */
    Finding.Severity severity(double limit, double standardErrors, boolean isSure) {
        if (isSure && size + standardErrors * error >= limit) {
            return Finding.Severity.ALARM;
        }
        return isSure && size >= limit / 2 ? Finding.Severity.WARN : Finding.Severity.NOTE;
    }

    Finding.Severity severity(double limit, double standardErrors) {
        return severity(limit, standardErrors, isMoreThanChance(standardErrors));
    }
}
