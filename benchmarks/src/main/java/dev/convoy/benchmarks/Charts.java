package dev.convoy.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;

/** Curves of benchmarks, as SVG. */
final class Charts {
    private Charts() {}

    /** For every number of local steps a chart of accuracy against workers, a curve for each averaging. */
    static void accuracy(Path folder, int epochs, List<AccuracyBenchmark.Point> points) throws IOException {
        List<Integer> localSteps = points.stream()
                .filter(point -> point.workers() > 1)
                .map(AccuracyBenchmark.Point::localSteps)
                .distinct()
                .toList();
        double alone = points.get(0).accuracy();
        for (int steps : localSteps) {
            XYChart chart = new XYChartBuilder()
                    .width(640)
                    .height(400)
                    .title("MNIST, LeNet, " + epochs + " epochs, " + steps + " local steps")
                    .xAxisTitle("workers")
                    .yAxisTitle("test accuracy, %")
                    .build();
            List<AccuracyBenchmark.Point> own = points.stream()
                    .filter(point -> point.workers() > 1 && point.localSteps() == steps && point.accuracy() != null)
                    .toList();
            List<Integer> workers = own.stream()
                    .map(AccuracyBenchmark.Point::workers)
                    .distinct()
                    .toList();
            chart.addSeries(
                    "one worker",
                    workers,
                    workers.stream().map(count -> 100 * alone).toList());
            own.stream().map(AccuracyBenchmark.Point::averaging).distinct().forEach(averaging -> {
                List<AccuracyBenchmark.Point> curve = own.stream()
                        .filter(point -> point.averaging().equals(averaging))
                        .toList();
                chart.addSeries(
                        averaging,
                        curve.stream().map(AccuracyBenchmark.Point::workers).toList(),
                        curve.stream().map(point -> 100 * point.accuracy()).toList());
            });
            VectorGraphicsEncoder.saveVectorGraphic(
                    chart, folder.resolve("local-steps-" + steps + ".svg").toString(), VectorGraphicsFormat.SVG);
        }
    }
}
