package dev.convoy.train;

import dev.convoy.model.Progress;

/**
 * What a round did.
 *
 * @param progress after it
 * @param lossSum over the examples it trained
 * @param counts bookkeeping
 * @param seconds from submission to the new state
 */
public record RoundReport(Progress progress, double lossSum, Contribution.Counts counts, double seconds) {}
