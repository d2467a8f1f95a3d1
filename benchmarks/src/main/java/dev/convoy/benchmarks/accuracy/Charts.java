package dev.convoy.benchmarks.accuracy;

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

    /** For every number of workers a chart of accuracy against local steps, a curve for each averaging. */
    static void accuracy(Path folder, int epochs, List<AccuracyBenchmark.Point> points) throws IOException {
        double alone = points.get(0).accuracy();
        List<Integer> workers = points.stream()
                .map(AccuracyBenchmark.Point::workers)
                .filter(count -> count > 1)
                .distinct()
                .toList();
        for (int count : workers) {
            XYChart chart = new XYChartBuilder()
                    .width(640)
                    .height(400)
                    .title("MNIST, LeNet, " + epochs + " epochs, " + count + " workers")
                    .xAxisTitle("local steps")
                    .yAxisTitle("test accuracy, %")
                    .build();
            chart.getStyler().setXAxisLogarithmic(true);
            // What diverged has no point.
            List<AccuracyBenchmark.Point> ofCount = points.stream()
                    .filter(point -> point.workers() == count && point.accuracy() != null)
                    .toList();
            List<Integer> localSteps = ofCount.stream()
                    .map(AccuracyBenchmark.Point::localSteps)
                    .distinct()
                    .sorted()
                    .toList();
            chart.addSeries(
                    "one worker",
                    localSteps,
                    localSteps.stream().map(steps -> 100 * alone).toList());
            ofCount.stream().map(AccuracyBenchmark.Point::averaging).distinct().forEach(averaging -> {
                List<AccuracyBenchmark.Point> curve = ofCount.stream()
                        .filter(point -> point.averaging().equals(averaging))
                        .toList();
                chart.addSeries(
                        averaging,
                        curve.stream().map(AccuracyBenchmark.Point::localSteps).toList(),
                        curve.stream().map(point -> 100 * point.accuracy()).toList());
            });
            VectorGraphicsEncoder.saveVectorGraphic(
                    chart, folder.resolve("workers-" + count + ".svg").toString(), VectorGraphicsFormat.SVG);
        }
    }
}
