package dev.convoy.train.allreduce;

import dev.convoy.train.RoundReport;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the driver how a segment comes along, through Spark's own messages between plugins ({@code spark.plugins}). Without
 * the plugin everything works, but the driver hears of rounds only at a segment's end.
 */
public final class SegmentProgressPlugin implements SparkPlugin {
    static final int ROUNDS = -1;

    private static final Logger LOG = LoggerFactory.getLogger(SegmentProgressPlugin.class);

    /** On executors: the way to the driver. Spark makes the plugin, so that there is no other place for it. */
    private static volatile PluginContext toDriver;

    /** On the driver: who listens, by segment. */
    private static final Map<String, Consumer<Message>> LISTENERS = new ConcurrentHashMap<>();

    /**
     * A message.
     *
     * @param rank that has arrived; {@link #ROUNDS} if it is about rounds
     * @param rounds completed since the last message
     */
    record Message(String segment, int rank, List<RoundReport> rounds) implements Serializable {}

    /** On an executor: sends a message, if there is a way; nothing depends on its arrival. */
    static void tell(Message news) {
        PluginContext context = toDriver;
        if (context != null) {
            try {
                context.send(news);
            } catch (IOException | RuntimeException e) {
                LOG.debug("The driver does not hear of {}", news, e);
            }
        }
    }

    static void listen(String segment, Consumer<Message> listener) {
        LISTENERS.put(segment, listener);
    }

    static void silence(String segment) {
        LISTENERS.remove(segment);
    }

    @Override
    public DriverPlugin driverPlugin() {
        return new DriverPlugin() {
            @Override
            public Object receive(Object message) {
                Message news = (Message) message;
                LISTENERS.getOrDefault(news.segment, unheard -> {}).accept(news);
                return null;
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
