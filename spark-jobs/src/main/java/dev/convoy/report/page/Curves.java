package dev.convoy.report.page;

import dev.convoy.report.Event;
import dev.convoy.report.TensorSummary;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Draws what runs did over their steps; of several runs, side by side. */
final class Curves {
    private final List<RunFolder> runs;

    Curves(List<RunFolder> runs) {
        this.runs = runs;
    }

    /** The charts that have something to show. */
    List<Chart> charts() {
        List<Chart> charts = new ArrayList<>();
        charts.add(loss());
        charts.add(chart(
                "accuracy",
                "Test accuracy",
                "share of right answers",
                Event.Epoch.class,
                Map.of("", Event.Epoch::testAccuracy)));
        charts.add(chart("rate", "Learning rate", "rate", Event.Rounds.class, Map.of("", Event.Rounds::learningRate)));
        charts.add(chart(
                "throughput",
                "Throughput",
                "images/s",
                Event.Rounds.class,
                Map.of("", rounds -> rounds.images() / rounds.seconds())));
        charts.add(
                chart("update", "Norm of updates", "norm", Event.Rounds.class, Map.of("", Event.Rounds::updateNorm)));
        if (runs.size() == 1) {
            if (Findings.tellsWorkers(runs.get(0))) {
                charts.add(times(runs.get(0)));
            }
            charts.add(tensors("gradients", "Gradients by tensor, on a sample", TensorSummary::gradient));
            charts.add(tensors("changes", "Changes of tensors in an epoch", TensorSummary::change));
        }
        charts.removeIf(Chart::isEmpty);
        return charts;
    }

    private Chart loss() {
        List<Chart.Line> lines = new ArrayList<>();
        for (RunFolder run : runs) {
            Chart.LineBuilder rounds = new Chart.LineBuilder(label(run, "train"));
            run.history().of(Event.Rounds.class).forEach(event -> rounds.add(event.step(), positive(event.loss())));
            Chart.LineBuilder test = new Chart.LineBuilder(label(run, "test"));
            run.history().of(Event.Epoch.class).forEach(event -> test.add(event.step(), positive(event.testLoss())));
            lines.add(rounds.line());
            lines.add(test.line());
        }
        lines.removeIf(line -> line.x().isEmpty());
        return new Chart("loss", "Loss", "mean loss of an image", true, false, lines);
    }

    private <E extends Event> Chart chart(
            String id, String title, String unit, Class<E> kind, Map<String, Function<E, Double>> values) {
        List<Chart.Line> lines = new ArrayList<>();
        for (RunFolder run : runs) {
            values.forEach((name, value) -> {
                Chart.LineBuilder line = new Chart.LineBuilder(label(run, name));
                run.history().of(kind).forEach(event -> line.add(event.step(), value.apply(event)));
                lines.add(line.line());
            });
        }
        lines.removeIf(line -> line.x().isEmpty());
        return new Chart(id, title, unit, false, false, lines);
    }

    /** What a logarithmic axis can show. */
    private static Double positive(Double value) {
        return value == null || value <= 0 ? null : value;
    }

    private String label(RunFolder run, String name) {
        return runs.size() == 1 ? name : run.name() + (name.isEmpty() ? "" : " " + name);
    }

    /** Where the time of a worker goes, on average. */
    private static Chart times(RunFolder run) {
        List<Chart.LineBuilder> lines = List.of(
                new Chart.LineBuilder("compute"),
                new Chart.LineBuilder("data"),
                new Chart.LineBuilder("wait for the slowest"),
                new Chart.LineBuilder("exchange"));
        for (Event.Rounds rounds : run.history().of(Event.Rounds.class)) {
            int workers = Math.max(1, rounds.workers().size());
            double busy = rounds.workers().stream()
                            .mapToDouble(Event.Rounds.Worker::busy)
                            .sum()
                    / workers;
            double data = rounds.workers().stream()
                            .mapToDouble(Event.Rounds.Worker::data)
                            .sum()
                    / workers;
            double[] sums = {busy - data, busy, rounds.slowestSeconds(), rounds.seconds()};
            for (int i = 0; i < sums.length; i++) {
                lines.get(i).add(rounds.step(), Math.min(1, sums[i] / rounds.seconds()));
            }
        }
        return new Chart(
                "times",
                "Where the time goes",
                "share of the time",
                false,
                true,
                lines.stream().map(Chart.LineBuilder::line).toList());
    }

    /** Of weights alone: biases say little, and double the lines. */
    private Chart tensors(String id, String title, Function<TensorSummary, Double> value) {
        Map<String, Chart.LineBuilder> lines = new LinkedHashMap<>();
        for (Event.Weights weights : runs.get(0).history().of(Event.Weights.class)) {
            weights.tensors().stream()
                    .filter(tensor -> tensor.name().endsWith(".weight"))
                    .forEach(tensor -> {
                        Double norm = value.apply(tensor);
                        lines.computeIfAbsent(tensor.name(), Chart.LineBuilder::new)
                                .add(weights.step(), positive(norm));
                    });
        }
        return new Chart(
                id,
                title,
                "norm",
                true,
                false,
                lines.values().stream()
                        .map(Chart.LineBuilder::line)
                        .filter(line -> !line.x().isEmpty())
                        .toList());
    }
}
