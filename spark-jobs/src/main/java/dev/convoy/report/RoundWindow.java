package dev.convoy.report;

import dev.convoy.train.RoundReport;
import java.util.ArrayList;
import java.util.List;

/** Adds rounds up until they are told of together. */
final class RoundWindow {
    private static final int MAX_WORKERS = 256;

    private final List<String> faults = new ArrayList<>();
    private RoundReport last;
    private int rounds;
    private int steps;
    private long images;
    private double lossSum;
    private double normSum;
    private double seconds;
    private double slowest;
    private double network;
    private double[] busy = {};
    private double[] data = {};

    boolean isEmpty() {
        return rounds == 0;
    }

    void add(RoundReport round) {
        last = round;
        rounds++;
        steps += round.steps();
        images += round.counts().trained();
        lossSum += round.lossSum();
        normSum += round.updateNorm();
        seconds += round.seconds();
        network += round.networkSeconds();
        int workers = round.workers().size();
        if (busy.length != workers) {
            busy = new double[workers];
            data = new double[workers];
        }
        double longest = 0;
        for (int rank = 0; rank < workers; rank++) {
            RoundReport.WorkerTime time = round.workers().get(rank);
            busy[rank] += time.seconds();
            data[rank] += time.dataSeconds();
            longest = Math.max(longest, time.seconds());
        }
        slowest += longest;
        round.quarantined()
                .forEach(out -> faults.add(
                        "worker " + out.worker() + " left out of step " + (out.globalStep() + 1) + ": " + out.fault()));
    }

    /** What was added; there must be something. */
    Event.Rounds toEvent(String time) {
        int epoch = last.progress().epoch() + (last.progress().step() == 0 ? 0 : 1);
        return new Event.Rounds(
                time,
                last.progress().globalStep(),
                epoch,
                rounds,
                steps,
                images,
                Finite.of(lossSum / images),
                last.learningRate(),
                Finite.of(normSum / rounds),
                seconds,
                slowest,
                network,
                workers(),
                faults);
    }

    private List<Event.Rounds.Worker> workers() {
        int groups = Math.min(MAX_WORKERS, busy.length);
        List<Event.Rounds.Worker> workers = new ArrayList<>();
        for (int group = 0; group < groups; group++) {
            int slowest = (int) ((long) group * busy.length / groups);
            for (int rank = slowest; rank < (int) ((group + 1L) * busy.length / groups); rank++) {
                slowest = busy[rank] > busy[slowest] ? rank : slowest;
            }
            workers.add(new Event.Rounds.Worker(busy[slowest], data[slowest]));
        }
        return workers;
    }
}
