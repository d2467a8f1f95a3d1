package dev.convoy.train.allreduce;

import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingState;
import dev.convoy.train.allreduce.SegmentProgressPlugin.Wish;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the driver of rounds while a segment runs, hands states over, and hears what the driver wants; on a thread of its own, so that
 * training does not wait for the driver. Only the task with rank 0 has one.
 */
final class SegmentReporter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentReporter.class);

    /** From one message to the next, so that a fast step does not make a message of its own. */
    private static final long PAUSE_MILLIS = 150;

    private final String segment;
    private final Thread thread = new Thread(this::work, "convoy-reporter");
    private final List<RoundReport> rounds = new ArrayList<>();
    private int sent;
    private volatile boolean closed;
    /** Once it is that the segment ends, it stays. */
    private volatile Wish wish = Wish.NOTHING;
    /** A state that waits to be sent; while one does, no other is wanted. */
    private volatile Optional<SegmentProgressPlugin.Reached> reached = Optional.empty();

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

    /** Whether the driver wants the segment to end before all rounds are done. */
    boolean wantsEnd() {
        return wish == Wish.END;
    }

    /** Whether the driver wants a state, and none is on its way. */
    boolean wantsState() {
        return wish == Wish.STATE && reached.isEmpty();
    }

    /**
     * Has a state sent.
     *
     * @param state after the last round that was added; it is not changed any more
     */
    void handOver(TrainingState state) {
        wish = Wish.NOTHING;
        synchronized (rounds) {
            reached = Optional.of(new SegmentProgressPlugin.Reached(segment, rounds.size(), state));
        }
    }

    private void work() {
        try {
            while (!closed) {
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
        Optional<SegmentProgressPlugin.Reached> state;
        synchronized (rounds) {
            news = List.copyOf(rounds.subList(sent, rounds.size()));
            state = reached;
        }
        Optional<Wish> answer = SegmentProgressPlugin.ask(new SegmentProgressPlugin.Rounds(segment, sent, news));
        if (answer.isPresent()) {
            sent += news.size();
        }
        if (state.isPresent() && answer.filter(wanted -> wanted != Wish.END).isPresent()) {
            answer = handOver(state.get());
            reached = Optional.empty();
        }
        // Until the driver has the state that waits, it wants it still.
        if (wish != Wish.END) {
            answer.filter(wanted -> reached.isEmpty() || wanted == Wish.END).ifPresent(wanted -> wish = wanted);
        }
    }

    /** Sends a state; where that cannot be done, the segment ends, which brings one home. */
    private Optional<Wish> handOver(SegmentProgressPlugin.Reached state) {
        try {
            Optional<Wish> answer = StateParts.send(state);
            if (answer.isPresent() || closed) {
                return answer;
            }
            LOG.warn("The driver has not taken the state after {} rounds", state.rounds());
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.warn("The state after {} rounds cannot be sent to the driver", state.rounds(), e);
        }
        return Optional.of(Wish.END);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
