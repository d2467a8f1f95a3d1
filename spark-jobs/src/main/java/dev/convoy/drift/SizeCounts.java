package dev.convoy.drift;

import java.io.Serializable;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How many images have which size. Up to {@link #KEPT} sizes are counted exactly, so that their order does not matter. Of more, the rarest half
 * goes to the others whenever the table is full: the same every time for the same order, and a frequent size loses at most what it had then.
 */
final class SizeCounts implements Serializable {
    /** How many sizes a profile names. */
    static final int SHOWN = 100;

    /** How many sizes are told apart while counting. */
    static final int KEPT = 20_000;

    /** What stands for all other sizes. */
    static final String OTHER = "other";

    private static final long serialVersionUID = 1L;

    /** The frequent ones first, of equally frequent ones the small. */
    private static final Comparator<Map.Entry<Long, Long>> ORDER =
            Map.Entry.<Long, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey());

    /** By the width, shifted by 32 bits, and the height. */
    private final HashMap<Long, Long> counts = new HashMap<>();

    private long others;

    void add(int width, int height) {
        add((long) width << 32 | height, 1);
    }

    void add(SizeCounts more) {
        others = Math.addExact(others, more.others);
        more.counts.entrySet().stream().sorted(ORDER).forEach(entry -> add(entry.getKey(), entry.getValue()));
    }

    private void add(long size, long images) {
        counts.merge(size, images, Math::addExact);
        if (counts.size() > KEPT) {
            for (Map.Entry<Long, Long> rare : ordered().subList(KEPT / 2, counts.size())) {
                others = Math.addExact(others, rare.getValue());
                counts.remove(rare.getKey());
            }
        }
    }

    private List<Map.Entry<Long, Long>> ordered() {
        return counts.entrySet().stream()
                .map(entry -> Map.entry(entry.getKey(), entry.getValue()))
                .sorted(ORDER)
                .toList();
    }

    SortedMap<String, Long> mostFrequent() {
        SortedMap<String, Long> shown = new TreeMap<>();
        long rest = others;
        for (Map.Entry<Long, Long> entry : ordered()) {
            if (shown.size() < SHOWN) {
                long size = entry.getKey();
                shown.put((size >>> 32) + "x" + (int) size, entry.getValue());
            } else {
                rest = Math.addExact(rest, entry.getValue());
            }
        }
        if (rest > 0) {
            shown.put(OTHER, rest);
        }
        return shown;
    }
}
