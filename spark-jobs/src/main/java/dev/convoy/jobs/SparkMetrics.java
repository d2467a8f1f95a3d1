package dev.convoy.jobs;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import dev.convoy.report.Event;
import dev.convoy.report.EventSink;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;

/**
 * The state of a training as gauges of Spark's metrics system, from where its sinks (Prometheus, JMX, Graphite, ...) take them, as
 * {@code <application>.driver.convoy.<name>}. There as long as the training is.
 */
final class SparkMetrics implements Source, EventSink {
    private final MetricRegistry registry = new MetricRegistry();
    private final Map<String, Double> values = new ConcurrentHashMap<>();

    private final MetricsSystem system = SparkEnv.get().metricsSystem();
    private final String name;

    private SparkMetrics(String name) {
        this.name = name;
    }

    /** Registers them with the driver's metrics system; beside those of another training that goes on, with a number in their name. */
    static SparkMetrics register() {
        int number = 1;
        while (!SparkEnv.get().metricsSystem().getSourcesByName(name(number)).isEmpty()) {
            number++;
        }
        SparkMetrics metrics = new SparkMetrics(name(number));
        for (String name : new String[] {
            "epoch",
            "step",
            "images",
            "loss",
            "learning_rate",
            "images_per_second",
            "round_seconds",
            "exchange_share",
            "test_loss",
            "test_accuracy"
        }) {
            metrics.registry.register(name, (Gauge<Double>) () -> metrics.values.getOrDefault(name, Double.NaN));
        }
        metrics.system.registerSource(metrics);
        return metrics;
    }

    @Override
    public String sourceName() {
        return name;
    }

    /** A name that is the beginning of another one's would be taken away with that. */
    private static String name(int number) {
        return number == 1 ? "convoy" : "training" + number + "_convoy";
    }

    @Override
    public MetricRegistry metricRegistry() {
        return registry;
    }

    @Override
    public void accept(Event event) {
        put("step", (double) event.step());
        if (event instanceof Event.Rounds rounds) {
            put("epoch", (double) rounds.epoch());
            values.merge("images", (double) rounds.images(), Double::sum);
            put("loss", rounds.loss());
            put("learning_rate", rounds.learningRate());
            put("images_per_second", rounds.images() / rounds.seconds());
            put("round_seconds", rounds.seconds() / rounds.rounds());
            put("exchange_share", rounds.exchangeShare());
        } else if (event instanceof Event.Epoch epoch) {
            put("test_loss", epoch.testLoss());
            put("test_accuracy", epoch.testAccuracy());
        }
    }

    private void put(String name, Double value) {
        if (value != null) {
            values.put(name, value);
        }
    }

    @Override
    public void close() {
        system.removeSource(this);
    }
}
