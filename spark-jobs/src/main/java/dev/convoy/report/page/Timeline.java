package dev.convoy.report.page;

import dev.convoy.report.Event;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Rounds by worker: how much longer or shorter than the median worker each one took, and with what.
 *
 * @param workers how many
 * @param steps by column, the step after its rounds
 * @param percent by worker and column, the worker's time in percent of the median one's
 * @param shares by what a worker does, then by worker and column, in percent of the rounds' time: waiting for data, computing,
 *     waiting for the slowest worker, and the exchange, which is the same for all
 */
record Timeline(int workers, List<Long> steps, List<List<Integer>> percent, Map<String, List<List<Integer>>> shares) {
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
        Timeline timeline = new Timeline(workers, new ArrayList<>(), rows(workers), new LinkedHashMap<>());
        List.of("data", "compute", "wait", "exchange").forEach(what -> timeline.shares.put(what, rows(workers)));
        for (int column = 0; column < columns; column++) {
            int from = (int) ((long) column * whole.size() / columns);
            int to = (int) ((column + 1L) * whole.size() / columns);
            timeline.add(whole.subList(from, to));
        }
        return Optional.of(timeline);
    }

    private static List<List<Integer>> rows(int workers) {
        return Stream.<List<Integer>>generate(ArrayList::new).limit(workers).toList();
    }

    /** Adds a column. */
    private void add(List<Event.Rounds> some) {
        double[] busy = sums(some, workers, Event.Rounds.Worker::busy);
        double[] data = sums(some, workers, Event.Rounds.Worker::data);
        double seconds = some.stream().mapToDouble(Event.Rounds::seconds).sum();
        double slowest = some.stream().mapToDouble(Event.Rounds::slowestSeconds).sum();
        double median = median(busy);
        steps.add(some.get(some.size() - 1).step());
        for (int worker = 0; worker < workers; worker++) {
            percent.get(worker).add(median > 0 ? (int) Math.round(100 * busy[worker] / median) : 100);
            shares.get("data").get(worker).add(share(data[worker], seconds));
            shares.get("compute").get(worker).add(share(busy[worker] - data[worker], seconds));
            shares.get("wait").get(worker).add(share(slowest - busy[worker], seconds));
            shares.get("exchange").get(worker).add(share(seconds - slowest, seconds));
        }
    }

    /** In whole percent; times are taken in different places, so that a difference may be a little below 0. */
    private static int share(double part, double seconds) {
        return seconds > 0 ? (int) Math.round(100 * Math.max(0, Math.min(1, part / seconds))) : 0;
    }

    private static double[] sums(List<Event.Rounds> some, int workers, ToDoubleFunction<Event.Rounds.Worker> time) {
        double[] sums = new double[workers];
        for (Event.Rounds rounds : some) {
            for (int worker = 0; worker < workers; worker++) {
                sums[worker] += time.applyAsDouble(rounds.workers().get(worker));
            }
        }
        return sums;
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
        double[] busy = sums(
                all.stream()
                        .filter(rounds -> rounds.workers().size() == workers)
                        .toList(),
                workers,
                Event.Rounds.Worker::busy);
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
