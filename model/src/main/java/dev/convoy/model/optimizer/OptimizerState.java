package dev.convoy.model.optimizer;

import java.io.Serializable;
import java.util.List;

/**
 * What an optimizer remembers between steps.
 *
 * @param steps steps that have gone into {@code slots}
 * @param slots vectors as long as the parameters, for example momentum; not copied
 */
public record OptimizerState(long steps, List<float[]> slots) implements Serializable {
    public OptimizerState {
        slots = List.copyOf(slots);
    }
}
