package dev.convoy.mlflow;

import java.util.List;
import java.util.Optional;

/**
 * What became of a call.
 *
 * @param sent the versions that MLflow has got or whose tags have changed, in this order
 * @param problem why something still waits, in a sentence without secrets; empty if nothing does
 * @param refused what MLflow does not take, and will not be sent again
 */
public record MirrorOutcome(List<Integer> sent, Optional<String> problem, List<String> refused) {
    public MirrorOutcome {
        sent = List.copyOf(sent);
        refused = List.copyOf(refused);
    }

    static MirrorOutcome failed(String problem) {
        return new MirrorOutcome(List.of(), Optional.of(problem), List.of());
    }

    /** Whether MLflow knows all that it has been told so far. */
    public boolean isUpToDate() {
        return problem.isEmpty();
    }
}
