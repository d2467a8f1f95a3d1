package dev.convoy.drift;

import dev.convoy.data.Printable;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Findings in words. */
final class DriftSentences {
    private DriftSentences() {}

    static String shares(String what, Effect effect) {
        return what + " have moved by " + points(effect.size());
    }

    static String shift(String what, Effect effect, Moments before, Moments now) {
        return String.format(
                Locale.ROOT,
                "%s has moved by %.2f deviations, from %.1f to %.1f of 255",
                what,
                effect.size(),
                before.mean(),
                now.mean());
    }

    /** What is to be thought of a shift that may be chance. */
    static String chance(double smallestTold, double limit, boolean ofDeviations) {
        if (smallestTold <= limit) {
            return ", no more than chance does";
        }
        String told = ofDeviations ? String.format(Locale.ROOT, "%.2f deviations", smallestTold) : points(smallestTold);
        return ", which may be chance: so few images show no shift below " + told + " for sure";
    }

    /** The name whose share has changed most; of several the first. */
    static String mostMoved(Map<String, Long> before, Map<String, Long> now) {
        double n = TotalVariation.sum(before);
        double m = TotalVariation.sum(now);
        TreeSet<String> names = new TreeSet<>(before.keySet());
        names.addAll(now.keySet());
        String most = names.stream()
                .max(Comparator.comparingDouble(
                        name -> Math.abs(before.getOrDefault(name, 0L) / n - now.getOrDefault(name, 0L) / m)))
                .orElseThrow();
        return ", most of all " + Printable.of(most) + " from " + percent(before.getOrDefault(most, 0L) / n) + " to "
                + percent(now.getOrDefault(most, 0L) / m);
    }

    static String rise(String what, Shares shares) {
        return String.format(
                Locale.ROOT,
                "%s are %,d of %,d (%s), and were %,d of %,d (%s)",
                what,
                shares.now(),
                shares.ofNow(),
                percent(shares.shareNow()),
                shares.before(),
                shares.of(),
                percent(shares.share()));
    }

    static String lack(Shares shares) {
        return String.format(
                Locale.ROOT,
                "%,d of %,d images in one set and none of %,d in the other",
                shares.now(),
                shares.ofNow(),
                shares.of());
    }

    private static String points(double share) {
        return number(share * 100) + " points";
    }

    private static String percent(double share) {
        return number(share * 100) + " %";
    }

    private static String number(double number) {
        return String.format(Locale.ROOT, "%.2f", number).replaceFirst("\\.?0+$", "");
    }
}
