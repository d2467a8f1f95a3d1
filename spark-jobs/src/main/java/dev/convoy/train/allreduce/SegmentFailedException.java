package dev.convoy.train.allreduce;

import dev.convoy.data.ConvoyException;
import java.util.regex.Pattern;

/** An attempt at a segment that came to nothing. */
final class SegmentFailedException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    /**
     * How Spark, of whose stages only words come to the driver, says that a task has lost its executor or another rank: by the reasons of
     * {@code TaskEndReason}, by its barrier's time, and by Convoy's own exceptions.
     */
    private static final Pattern LOSS =
            Pattern.compile("PeerLostException|BlockLostException|ExecutorLostFailure|TaskResultLost|[Ll]ost executor"
                    + "|[Ww]orker lost|ExecutorDeadException|FetchFailed|didn't get all barrier sync requests"
                    + "|executor (?:lost|was lost)|decommission");

    private final boolean loss;

    /**
     * @param loss whether an executor or a peer was lost, so that another attempt may go well
     */
    SegmentFailedException(String message, boolean loss, Throwable cause) {
        super(message, cause);
        this.loss = loss;
    }

    /** For what no exception tells of. */
    SegmentFailedException(String message, boolean loss) {
        super(message);
        this.loss = loss;
    }

    /** Whether an executor or a peer was lost, so that another attempt may go well. */
    boolean isLoss() {
        return loss;
    }

    /** Whether words of Spark's tell of an executor or a peer that was lost. */
    static boolean tellsOfLoss(String words) {
        return LOSS.matcher(words).find();
    }
}
