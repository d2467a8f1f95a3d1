package dev.convoy.report.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Lines over steps.
 *
 * @param id unique on the page
 * @param unit of the values, as the axis is called
 * @param logarithmic whether the axis is
 * @param stacked whether each line is the sum of those before it and its own, drawn as an area
 */
record Chart(String id, String title, String unit, boolean logarithmic, boolean stacked, List<Line> lines) {
    /** More points than a wide screen has pixels show nothing more. */
    private static final int MAX_POINTS = 2000;

    /**
     * A line.
     *
     * @param x steps, increasing
     * @param y values; null where there is none
     */
    record Line(String label, List<Long> x, List<Double> y) {}

    /** Gathers a line's points. */
    static final class LineBuilder {
        private final String label;
        private final List<Long> x = new ArrayList<>();
        private final List<Double> y = new ArrayList<>();

        LineBuilder(String label) {
            this.label = label;
        }

        /** Adds a point, unless it has no value. */
        LineBuilder add(long step, Double value) {
            if (value != null && Double.isFinite(value)) {
                x.add(step);
                // Six digits are more than can be seen.
                y.add(value == 0 ? 0 : Double.parseDouble(String.format(Locale.ROOT, "%.5e", value)));
            }
            return this;
        }

        /** The line, with every n-th point if there are too many; the last one stays. */
        Line line() {
            int stride = (x.size() + MAX_POINTS - 1) / MAX_POINTS;
            if (stride <= 1) {
                return new Line(label, x, y);
            }
            List<Long> fewX = new ArrayList<>();
            List<Double> fewY = new ArrayList<>();
            for (int i = (x.size() - 1) % stride; i < x.size(); i += stride) {
                fewX.add(x.get(i));
                fewY.add(y.get(i));
            }
            return new Line(label, fewX, fewY);
        }
    }

    /** Whether there is anything to draw. */
    boolean isEmpty() {
        return lines.stream().allMatch(line -> line.x.isEmpty());
    }
}
