package dev.convoy.train.sync;

import dev.convoy.collective.Compression;
import dev.convoy.data.InvalidValueException;
import java.io.Serializable;

/**
 * What workers exchange, apart from how sums are made.
 *
 * @param exchange the rule of a round
 * @param compression of what travels between processes
 * @param maxNorm a contribution whose norm is more than this many times the running median is left out; at least 2, and finite
 * @param late when a round goes on without its slow workers
 */
public record SyncSpec(Exchange exchange, Compression compression, double maxNorm, LatePolicy late)
        implements Serializable {
    private static final double USUAL_MAX_NORM = 1000;

    public SyncSpec {
        if (!(maxNorm >= 2 && Double.isFinite(maxNorm))) {
            throw new InvalidValueException("maxNorm", maxNorm, "it must be at least 2, and finite");
        }
    }

    /** A rule whose rounds wait for all workers. */
    public SyncSpec(Exchange exchange, Compression compression, double maxNorm) {
        this(exchange, compression, maxNorm, LatePolicy.WAIT_FOR_ALL);
    }

    /** This rule, uncompressed. */
    public static SyncSpec of(Exchange exchange) {
        return new SyncSpec(exchange, Compression.NONE, USUAL_MAX_NORM);
    }

    /** Gradients, every step. */
    public static SyncSpec gradient() {
        return of(new GradientAveraging());
    }

    /** Plain averaging after this many steps, of the optimizer's memory too. */
    public static SyncSpec averaging(int localSteps) {
        return of(ParameterAveraging.every(localSteps));
    }

    /** Vectors travel otherwise. */
    public SyncSpec withCompression(Compression other) {
        return new SyncSpec(exchange, other, maxNorm, late);
    }

    /** Rounds go on without slow workers. */
    public SyncSpec withLate(LatePolicy policy) {
        return new SyncSpec(exchange, compression, maxNorm, policy);
    }
}
