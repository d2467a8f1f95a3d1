package dev.convoy.mlflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.model.Json;
import java.io.IOException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mirrors a run's metrics to MLflow while it goes on. What a server does not take, because it is down, hangs or answers with an error, waits
 * here and is sent with what comes later; a server that has failed is left alone for a while. Called by one thread.
 */
public final class MlflowMetrics {
    private static final Logger LOG = LoggerFactory.getLogger(MlflowMetrics.class);

    /** The tag by which a run is found again, should it be gone on with. */
    static final String RUN_TAG = "convoy.run";

    /** Points that may wait. */
    private static final int MAX_WAITING = 50_000;

    private static final int BATCH = 500;
    /** From one request to the next. */
    private static final Duration BETWEEN = Duration.ofSeconds(5);
    /** What the end may take: whoever calls waits for ten seconds. */
    private static final Duration LAST = Duration.ofSeconds(6);

    private static final Duration LAST_WORD = Duration.ofSeconds(2);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final MlflowTarget target;
    private final String run;
    private final HttpClient client;
    private final Deque<ObjectNode> waiting = new ArrayDeque<>();
    private String id = "";
    private long dropped;
    private int failures;
    private long quietUntil = System.nanoTime();

    /**
     * @param target whose model is the experiment's name
     * @param run names the run
     */
    public MlflowMetrics(MlflowTarget target, String run) {
        this.target = target;
        this.run = run;
        this.client = MlflowRest.client(target);
    }

    /**
     * Takes a point, which is sent within seconds with others, or waits if the server does not take it.
     *
     * @param millis its time
     * @param metrics those that are no numbers are left out, since JSON has none of these
     */
    public void log(long step, long millis, Map<String, Double> metrics) {
        metrics.forEach((key, value) -> {
            if (value != null && Double.isFinite(value)) {
                add(Json.MAPPER
                        .createObjectNode()
                        .put("key", MlflowNames.key(key))
                        .put("value", value)
                        .put("timestamp", millis)
                        .put("step", step));
            }
        });
        if (System.nanoTime() - quietUntil >= 0) {
            trySending(target.total());
        }
    }

    /** Sends all that waits, however long that takes, as long as the server takes some of it. Whether it has taken all. */
    public boolean flush() {
        int before = Integer.MAX_VALUE;
        while (!waiting.isEmpty() && waiting.size() < before) {
            before = waiting.size();
            trySending(target.total());
        }
        return waiting.isEmpty();
    }

    private void add(ObjectNode metric) {
        if (waiting.size() == MAX_WAITING) {
            waiting.removeFirst();
            dropped++;
        }
        waiting.addLast(metric);
    }

    /**
     * Sends what waits, if the server takes it, and says how the run has ended.
     *
     * @param status of MLflow's: FINISHED, FAILED or KILLED; RUNNING if it has not ended
     * @return how many numbers it has not got
     */
    public long end(String status) {
        trySending(LAST.compareTo(target.total()) < 0 ? LAST : target.total());
        if (waiting.isEmpty() && !id.isEmpty()) {
            try {
                ObjectNode body =
                        Json.MAPPER.createObjectNode().put("run_id", id).put("status", status);
                if (!status.equals("RUNNING")) {
                    body.put("end_time", System.currentTimeMillis());
                }
                rest(LAST_WORD).post("runs/update", body);
            } catch (IOException | RuntimeException e) {
                failed(e);
            }
        }
        return waiting.size() + dropped;
    }

    private MlflowRest rest(Duration time) {
        return new MlflowRest(
                target.withTimes(time, target.connect().compareTo(time) < 0 ? target.connect() : time),
                Deadline.in(time),
                client);
    }

    private void trySending(Duration time) {
        if (waiting.isEmpty() && !id.isEmpty()) {
            return;
        }
        try {
            MlflowRest rest = rest(time);
            if (id.isEmpty()) {
                id = new MlflowRuns(rest, target.model(), line -> {}).named(run, RUN_TAG);
            }
            while (!waiting.isEmpty()) {
                List<ObjectNode> some =
                        new ArrayList<>(waiting.stream().limit(BATCH).toList());
                ObjectNode body = Json.MAPPER.createObjectNode().put("run_id", id);
                some.forEach(metric -> body.withArray("metrics").add(metric));
                rest.post("runs/log-batch", body);
                some.forEach(metric -> waiting.removeFirst());
            }
            if (failures > 0) {
                LOG.info("MLflow takes metrics of {} again", run);
            }
            failures = 0;
            // However slow the server, points come together, not one request each.
            quietUntil = System.nanoTime() + BETWEEN.toNanos();
        } catch (IOException | RuntimeException e) {
            failed(e);
        }
    }

    /** One line for a failure, not one for each point. */
    private void failed(Exception e) {
        failures++;
        long pause = Math.min(LONGEST_PAUSE.toNanos(), FIRST_PAUSE.toNanos() << Math.min(10, failures - 1));
        quietUntil = System.nanoTime() + pause;
        if (failures == 1) {
            LOG.warn(
                    "MLflow does not take metrics of {}, which wait meanwhile: {}",
                    run,
                    target.credentials().line(String.valueOf(e.getMessage())));
        }
        LOG.debug("It is asked again in {} s", TimeUnit.NANOSECONDS.toSeconds(pause));
    }

    /** Whether a node of MLflow's has a tag. */
    static boolean hasTag(JsonNode node, String key, String value) {
        return value.equals(MlflowRegistry.tags(node.path("data").path("tags")).get(key));
    }
}
