package dev.convoy.model.backend;

import dev.convoy.data.CounterRandom;

/**
 * Which step of which worker this is; random masks depend on nothing else.
 *
 * @param seed the run's
 * @param globalStep from 0
 * @param worker rank
 */
public record StepKey(long seed, long globalStep, int worker) {
    /** The numbers for one layer's dropout. */
    public CounterRandom dropout(int layer) {
        return CounterRandom.of(seed, CounterRandom.Purpose.DROPOUT, globalStep, worker, layer);
    }
}
