package dev.convoy.train;

import dev.convoy.storage.Interruption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls listeners in their order, and drops those that throw. */
final class Listeners {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final List<TrainingListener> listeners;

    Listeners(List<? extends TrainingListener> listeners) {
        this.listeners = new ArrayList<>(listeners);
    }

    void tell(Consumer<TrainingListener> event) {
        for (TrainingListener listener : List.copyOf(listeners)) {
            try {
                event.accept(listener);
            } catch (Exception | LinkageError | AssertionError e) {
                listeners.removeIf(failed -> failed == listener);
                Interruption.keep(e);
                LOG.warn(
                        "The listener {} has failed and is not called any more: {}",
                        listener.getClass().getName(),
                        e.getMessage(),
                        e);
            }
        }
    }
}
