package dev.convoy.drift;

/**
 * How far tonight's images are from the reference in one respect.
 *
 * @param what the respect, for example {@code class shares}
 * @param effect the size of the shift, in the unit of the limit
 * @param chance what two sets of one kind show on the average, for so many images
 * @param error the standard error of the effect
 * @param limit that is one to stop for
 * @param smallestTold the smallest shift that so many images always tell from chance
 * @param severity whether the shift is one to stop for
 * @param sentence all of it in one line; names in it are safe to show
 */
public record Finding(
        String what,
        double effect,
        double chance,
        double error,
        double limit,
        double smallestTold,
        Severity severity,
        String sentence) {
    /** How much a finding matters; later ones matter more. */
    public enum Severity {
        /** Nothing, chance, or too little to matter. */
        NOTE,
        /** A shift that is real, but below its limit or in what decoding evens out. */
        WARN,
        /** A shift to stop for. */
        ALARM
    }

    static Finding of(String what, Effect effect, double limit, double errors, Severity severity, String sentence) {
        return new Finding(
                what,
                effect.size(),
                effect.chance(),
                effect.error(),
                limit,
                effect.smallestTold(errors),
                severity,
                sentence);
    }
}
