package dev.convoy.drift;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * How far two tables of counts are apart: half the sum of the differences of shares, which is the share of images that would have to be
 * something else. What is seen is on the average more than the truth, since chance moves every share to one side or the other; its standard
 * deviation is at most {@code sqrt(1/n + 1/m) / 2} for n and m images, and it strays by z of those with probability {@code exp(-z^2 / 2)} at most
 * whatever the number of shares, as one image more or less moves it by 1/n (C. McDiarmid, "On the method of bounded differences", Surveys in
 * Combinatorics, 1989).
 */
final class TotalVariation {
    /** The mean of a normal number without its sign, in deviations. */
    private static final double MEAN_DISTANCE = Math.sqrt(2 / Math.PI);

    private TotalVariation() {}

    /** Compares counts by name; each table counts at least one image. */
    static Effect between(Map<String, Long> reference, Map<String, Long> tonight) {
        double n = sum(reference);
        double m = sum(tonight);
        double scatter = 1 / n + 1 / m;
        double size = 0;
        double chance = 0;
        TreeSet<String> names = new TreeSet<>(reference.keySet());
        names.addAll(tonight.keySet());
        for (String name : names) {
            long before = reference.getOrDefault(name, 0L);
            long now = tonight.getOrDefault(name, 0L);
            double pooled = (before + now) / (n + m);
            size += Math.abs(before / n - now / m) / 2;
            chance += MEAN_DISTANCE * Math.sqrt(pooled * (1 - pooled) * scatter) / 2;
        }
        return new Effect(size, chance, Math.sqrt(scatter) / 2);
    }

    /**
     * Prepares a table whose rare names stand under {@code other}: a name that the second table may hold there, too rare to be named, is counted
     * there as well.
     */
    static Map<String, Long> pooled(Map<String, Long> counts, Map<String, Long> second, String other) {
        long n = sum(counts);
        long m = sum(second);
        double hidden = m == 0 ? 0 : second.getOrDefault(other, 0L) / (double) m;
        Map<String, Long> pooled = new HashMap<>();
        counts.forEach((name, count) -> {
            boolean mayBeHidden = !second.containsKey(name) && hidden > 0 && count <= hidden * n;
            pooled.merge(mayBeHidden ? other : name, count, Math::addExact);
        });
        return pooled;
    }

    static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
