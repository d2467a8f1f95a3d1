package dev.convoy.train.allreduce;

import dev.convoy.train.RoundReport;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Tells the driver of rounds while a segment runs, and hears whether it should end early; on a thread of its own, so that training does not
 * wait for the driver. Only the task with rank 0 has one.
 */
final class SegmentReporter implements AutoCloseable {
    /** From one message to the next, so that a fast step does not make a message of its own. */
    private static final long PAUSE_MILLIS = 150;

    private final String segment;
    private final Thread thread = new Thread(this::work, "convoy-reporter");
    private final List<RoundReport> rounds = new ArrayList<>();
    private int sent;
    private volatile boolean endsEarly;

    SegmentReporter(String segment) {
        this.segment = segment;
        thread.setDaemon(true);
        thread.start();
    }

    /** Has a round told. */
    void add(RoundReport round) {
        synchronized (rounds) {
            rounds.add(round);
        }
    }

    /** All rounds so far, whether or not they were told. */
    List<RoundReport> rounds() {
        synchronized (rounds) {
            return List.copyOf(rounds);
        }
    }

    /** Whether the driver wants the state before all rounds are done. */
    boolean endsEarly() {
        return endsEarly;
    }

    private void work() {
        try {
            while (true) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
                send();
            }
        } catch (InterruptedException e) {
            // The segment has ended; its end brings home what was not told.
            Thread.currentThread().interrupt();
        }
    }

    private void send() {
        List<RoundReport> news;
        synchronized (rounds) {
            news = List.copyOf(rounds.subList(sent, rounds.size()));
        }
        SegmentProgressPlugin.ask(new SegmentProgressPlugin.Rounds(segment, sent, news))
                .ifPresent(answer -> {
                    sent += news.size();
                    endsEarly = answer;
                });
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
