package dev.convoy.train.sync;

import dev.convoy.collective.Compression;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.Progress;
import java.io.Serializable;

/**
 * What workers exchange and how often, apart from how sums are made.
 *
 * @param exchange what workers exchange
 * @param localSteps steps of a round under parameter averaging, or {@link #AUTO}; gradient exchange has one
 * @param warmupRounds rounds of a single step with which training begins
 * @param optimizerState what becomes of it between rounds under parameter averaging
 * @param outer what is done with the mean distance under parameter averaging
 * @param compression of what travels between processes
 * @param maxNorm a contribution whose norm is more than this many times the running median is left out; at least 2
 */
public record SyncSpec(
        Exchange exchange,
        int localSteps,
        int warmupRounds,
        OptimizerStatePolicy optimizerState,
        OuterOptimizer outer,
        Compression compression,
        double maxNorm)
        implements Serializable {
    /** Stands for a number of local steps that the first rounds measure. */
    public static final int AUTO = 0;

    public SyncSpec {
        if (localSteps < 0 || warmupRounds < 0) {
            throw new ConvoyException("Cannot use sync.local-steps = " + localSteps + " and sync.warmup-rounds = "
                    + warmupRounds + "; local steps must be at least 1 (or auto), warm-up rounds at least 0");
        }
        if (!(maxNorm >= 2 && Double.isFinite(maxNorm))) {
            throw new ConvoyException("Cannot use sync.max-norm = " + maxNorm + "; it must be at least 2, and finite");
        }
        if (exchange == Exchange.GRADIENT && outer.hasVelocity()) {
            throw new ConvoyException("Cannot use sync.outer with sync.exchange = gradient, which has an optimizer of"
                    + " its own; set sync.outer = none or sync.exchange = parameter-averaging");
        }
    }

    /** Gradients, every step. */
    public static SyncSpec gradient() {
        return plain(Exchange.GRADIENT, 1);
    }

    /** Plain averaging after this many steps, of the optimizer's state too. */
    public static SyncSpec averaging(int localSteps) {
        return plain(Exchange.PARAMETER_AVERAGING, localSteps);
    }

    private static SyncSpec plain(Exchange exchange, int localSteps) {
        return new SyncSpec(
                exchange,
                localSteps,
                0,
                OptimizerStatePolicy.AVERAGE,
                new OuterOptimizer.None(),
                Compression.NONE,
                1000);
    }

    /** The same with another policy for the optimizer's state. */
    public SyncSpec with(OptimizerStatePolicy policy) {
        return new SyncSpec(exchange, localSteps, warmupRounds, policy, outer, compression, maxNorm);
    }

    /** The same with another outer optimizer. */
    public SyncSpec with(OuterOptimizer optimizer) {
        return new SyncSpec(exchange, localSteps, warmupRounds, optimizerState, optimizer, compression, maxNorm);
    }

    /** The same with another compression. */
    public SyncSpec with(Compression other) {
        return new SyncSpec(exchange, localSteps, warmupRounds, optimizerState, outer, other, maxNorm);
    }

    /** Steps of the round that begins here; rounds never straddle epochs. */
    public int stepsOfRound(Progress begin, EpochPlan plan) {
        boolean single = exchange == Exchange.GRADIENT || begin.globalStep() < warmupRounds || isMeasuring(begin);
        int steps = single ? 1 : begin.localSteps() > 0 ? begin.localSteps() : localSteps;
        return Math.min(steps, plan.steps() - begin.step());
    }

    /** Whether the number of local steps is still to be found. */
    public boolean isMeasuring(Progress begin) {
        return exchange == Exchange.PARAMETER_AVERAGING && localSteps == AUTO && begin.localSteps() == 0;
    }

    /** Whether the optimizer's state travels with the contributions. */
    public boolean averagesOptimizer() {
        return exchange == Exchange.PARAMETER_AVERAGING && optimizerState == OptimizerStatePolicy.AVERAGE;
    }

    /** What a contribution's vector holds. */
    public SumLayout layout(ParameterLayout network, int slotCount) {
        return new SumLayout(network.parameterCount(), network.bufferCount(), averagesOptimizer() ? slotCount : 0);
    }
}
