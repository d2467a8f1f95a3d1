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
    /** No memory: whoever takes it over starts from zero. */
    public static final OptimizerState NONE = new OptimizerState(0, List.of());

    public OptimizerState {
        slots = List.copyOf(slots);
    }
}
