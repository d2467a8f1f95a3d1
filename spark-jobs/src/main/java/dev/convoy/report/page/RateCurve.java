package dev.convoy.report.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Losses over learning rates, as {@code --find-rate} has found them, placed in a picture 400 wide and 200 high. */
final class RateCurve {
    private static final double WIDTH = 400;
    private static final double HEIGHT = 200;

    private RateCurve() {}

    /**
     * Places the points.
     *
     * @param csv a header, then lines of rate, loss and smoothed loss
     * @return {@code x}, {@code y} and {@code title} of each; none if a line cannot be read
     */
    static List<Map<String, Object>> points(String csv) {
        List<double[]> rows = new ArrayList<>();
        try {
            csv.lines().skip(1).forEach(line -> {
                String[] cells = line.split(",");
                rows.add(new double[] {Double.parseDouble(cells[0]), Double.parseDouble(cells[2])});
            });
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return List.of();
        }
        if (rows.size() < 2) {
            return List.of();
        }
        double left = Math.log(rows.get(0)[0]);
        double right = Math.log(rows.get(rows.size() - 1)[0]);
        double top = rows.stream().mapToDouble(row -> row[1]).max().orElse(1);
        List<Map<String, Object>> points = new ArrayList<>();
        for (double[] row : rows) {
            points.add(Map.of(
                    "x",
                    WIDTH * (Math.log(row[0]) - left) / (right - left),
                    "y",
                    HEIGHT * (1 - row[1] / top),
                    "title",
                    String.format(Locale.ROOT, "rate %.2g: loss %.4f", row[0], row[1])));
        }
        return points;
    }
}
