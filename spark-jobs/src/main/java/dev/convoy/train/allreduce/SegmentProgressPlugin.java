package dev.convoy.train.allreduce;

import dev.convoy.data.ObjectBytes;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingState;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Spark plugin by which ranks tell the driver how a segment comes along ({@code spark.plugins}). Without it everything works, but the
 * driver hears of rounds only at a segment's end, and of failures only what Spark says.
 */
public final class SegmentProgressPlugin implements SparkPlugin {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentProgressPlugin.class);

    /** On executors: the way to the driver. Spark makes the plugin, so that there is no other place for it. */
    private static volatile PluginContext toDriver;

    /** On the driver: who listens, by segment. */
    private static final Map<String, Listener> LISTENERS = new ConcurrentHashMap<>();

    /** Hears of one segment. Called by threads of Spark's, which must not wait. */
    interface Listener {
        /** Hears a message, and answers with what it wants. */
        Wish hear(Message message);
    }

    /** What the driver wants of a segment that runs. */
    enum Wish {
        NOTHING,
        /** The state that it has come to; it goes on. */
        STATE,
        /** That it ends before all its rounds are done. */
        END
    }

    /** What a rank has to tell. */
    sealed interface Message extends Serializable {
        /** The segment's id. */
        String segment();
    }

    /** A task's ranks are there. */
    record Arrived(String segment, List<Integer> ranks) implements Message {}

    /**
     * Rounds were completed.
     *
     * @param first the number of the first of them in the segment, from 0
     */
    record Rounds(String segment, int first, List<RoundReport> rounds) implements Message {}

    /**
     * A state was reached. Within a process it stays what it is; between processes it goes as {@link Part}s.
     *
     * @param rounds of the segment that led to it; the driver has heard of them
     */
    record Reached(String segment, int rounds, TrainingState state) implements Message {}

    /**
     * A piece of a state that was reached; they come in order.
     *
     * @param rounds as of {@link Reached}
     * @param arrays lengths of the arrays that the state is written in
     * @param array the number of the array that this is a piece of
     * @param from where in the array it begins
     */
    record Part(String segment, int rounds, int[] arrays, int array, int from, byte[] bytes) implements Message {}

    /** The segment has come to its end, in the driver's own process; elsewhere that is what the stage brings home. */
    record Ended(String segment, Segment.End end) implements Message {}

    /**
     * A task has failed, and not because another one is lost.
     *
     * @param ranks that it had
     * @param reason in one line
     */
    record Failed(String segment, List<Integer> ranks, String reason) implements Message {}

    /**
     * Sends a message from an executor, if there is a way. No result depends on its arrival; without {@link Failed} the driver may take a
     * failure for the loss that others make of it, and try in vain a few times.
     */
    static void send(Message message) {
        PluginContext context = toDriver;
        if (context != null) {
            try {
                context.send(ObjectBytes.write(message));
            } catch (IOException | RuntimeException e) {
                LOG.debug("The driver does not hear of {}", message, e);
            }
        }
    }

    /** Sends a message and waits for what the driver wants; empty if it does not answer. */
    static Optional<Wish> ask(Message message) {
        Listener here = LISTENERS.get(message.segment());
        if (here != null) {
            return Optional.of(here.hear(message));
        }
        PluginContext context = toDriver;
        if (context == null) {
            return Optional.empty();
        }
        try {
            return Optional.of((Wish) context.ask(ObjectBytes.write(message)));
        } catch (Exception e) {
            // Exception, since the plugin's interface declares it.
            LOG.debug("The driver does not answer to {}", message, e);
            return Optional.empty();
        }
    }

    /** Whether the driver is this process. */
    static boolean isHere(String segment) {
        return LISTENERS.containsKey(segment);
    }

    /** Hears of a segment on the driver, until {@link #silence}. */
    static void listen(String segment, Listener listener) {
        LISTENERS.put(segment, listener);
    }

    /** Hears of a segment no more. */
    static void silence(String segment) {
        LISTENERS.remove(segment);
    }

    @Override
    public DriverPlugin driverPlugin() {
        return new DriverPlugin() {
            @Override
            public Object receive(Object bytes) {
                Message message = ObjectBytes.read((byte[]) bytes, Message.class);
                Listener listener = LISTENERS.get(message.segment());
                return listener == null ? Wish.NOTHING : listener.hear(message);
            }
        };
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new ExecutorPlugin() {
            @Override
            public void init(PluginContext context, Map<String, String> extraConf) {
                toDriver = context;
            }

            @Override
            public void shutdown() {
                toDriver = null;
            }
        };
    }
}
