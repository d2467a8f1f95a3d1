package dev.convoy.model;

import dev.convoy.model.optimizer.OptimizerState;
import java.io.Serializable;
import java.util.List;

/**
 * Everything that the next round depends on, in the canonical layout of {@link ParameterLayout}. Arrays are not copied
 * and must not be changed.
 *
 * @param parameters trained values
 * @param buffers running statistics
 * @param optimizer the optimizer's memory
 * @param velocity the outer optimizer's memory, as long as the parameters; empty if it has none
 * @param progress how far training has come
 */
public record ModelState(
        float[] parameters, float[] buffers, OptimizerState optimizer, float[] velocity, Progress progress)
        implements Serializable {
    /** Whether every parameter and every running statistic is finite. */
    public boolean isFinite() {
        return HeapVector.over(parameters).isFinite()
                && HeapVector.over(buffers).isFinite();
    }

    /** The same without the optimizer's memory, for whoever starts it from zero or has no use for it. */
    public ModelState withoutOptimizer() {
        return new ModelState(parameters, buffers, new OptimizerState(0, List.of()), velocity, progress);
    }

    /** The same elsewhere in the course of training. */
    public ModelState withProgress(Progress other) {
        return new ModelState(parameters, buffers, optimizer, velocity, other);
    }

    /** The same without the outer optimizer's memory, for whoever has no use for it. */
    public ModelState withoutVelocity() {
        return new ModelState(parameters, buffers, optimizer, new float[0], progress);
    }
}
