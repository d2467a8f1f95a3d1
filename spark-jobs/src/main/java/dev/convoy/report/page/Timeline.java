package dev.convoy.report.page;

import dev.convoy.report.Event;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Rounds by worker: how much longer or shorter than the median worker each one took.
 *
 * @param workers how many
 * @param steps by column, the step after its rounds
 * @param percent by worker and column, the worker's time in percent of the median one's
 */
record Timeline(int workers, List<Long> steps, List<List<Integer>> percent) {
    private static final int MAX_COLUMNS = 160;
    /** Beyond this, a worker holds the others up. */
    private static final double STRAGGLES = 1.15;

    /** Of a run; empty if it had no rounds, or just one worker. */
    static Optional<Timeline> of(RunFolder run) {
        List<Event.Rounds> all = run.history().of(Event.Rounds.class);
        int workers =
                all.stream().mapToInt(rounds -> rounds.workers().size()).max().orElse(0);
        List<Event.Rounds> whole = all.stream()
                .filter(rounds -> rounds.workers().size() == workers)
                .toList();
        if (workers < 2 || !Findings.tellsWorkers(run)) {
            return Optional.empty();
        }
        int columns = Math.min(MAX_COLUMNS, whole.size());
        List<Long> steps = new ArrayList<>();
        List<List<Integer>> percent = new ArrayList<>();
        IntStream.range(0, workers).forEach(worker -> percent.add(new ArrayList<>()));
        for (int column = 0; column < columns; column++) {
            int from = (int) ((long) column * whole.size() / columns);
            int to = (int) ((column + 1L) * whole.size() / columns);
            double[] busy = busy(whole.subList(from, to), workers);
            double median = median(busy);
            steps.add(whole.get(to - 1).step());
            for (int worker = 0; worker < workers; worker++) {
                percent.get(worker).add(median > 0 ? (int) Math.round(100 * busy[worker] / median) : 100);
            }
        }
        return Optional.of(new Timeline(workers, steps, percent));
    }

    private static double[] busy(List<Event.Rounds> some, int workers) {
        double[] busy = new double[workers];
        for (Event.Rounds rounds : some) {
            for (int worker = 0; worker < workers; worker++) {
                busy[worker] += rounds.workers().get(worker).busy();
            }
        }
        return busy;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(sorted.length - 1) / 2];
    }

    /** Workers that hold the others up, in words; over the whole run. */
    static List<String> stragglers(RunFolder run) {
        List<Event.Rounds> all = run.history().of(Event.Rounds.class);
        int workers =
                all.stream().mapToInt(rounds -> rounds.workers().size()).max().orElse(0);
        double[] busy = busy(
                all.stream()
                        .filter(rounds -> rounds.workers().size() == workers)
                        .toList(),
                workers);
        if (workers < 2 || median(busy) <= 0) {
            return List.of();
        }
        return IntStream.range(0, workers)
                .filter(worker -> busy[worker] > STRAGGLES * median(busy))
                .mapToObj(worker -> String.format(
                        Locale.ROOT,
                        "Worker %d took %.2f times as long as the median worker; the others waited for it: look at its host,"
                                + " or set sync.quorum and sync.round-timeout.",
                        worker,
                        busy[worker] / median(busy)))
                .toList();
    }
}
