package dev.convoy.mlflow;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.model.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Metrics and parameters as bodies of {@code runs/log-batch}, of which each has at most 1,000 metrics, 100 parameters, 1,000 of both, and less
 * than a megabyte.
 */
final class LogBatches {
    static final int MAX_ITEMS = 1_000;
    static final int MAX_PARAMS = 100;
    static final int MAX_BYTES = 900_000;

    private final String run;
    private final List<ObjectNode> bodies = new ArrayList<>();
    private int items;
    private int params;
    private long bytes;

    private LogBatches(String run) {
        this.run = run;
    }

    /**
     * Makes them; none if there is nothing.
     *
     * @param run its id
     * @param metrics those that are no numbers are left out, since JSON has none of these
     * @param timestamp of all metrics, in milliseconds; the same for every attempt, so that none is doubled
     */
    static List<ObjectNode> of(String run, Map<String, Double> metrics, Map<String, String> params, long timestamp) {
        LogBatches batches = new LogBatches(run);
        params.forEach((key, text) -> {
            ObjectNode item = Json.MAPPER.createObjectNode().put("key", key);
            batches.add("params", item.put("value", MlflowNames.cut(text, MlflowNames.MAX_PARAM)));
        });
        metrics.forEach((key, value) -> {
            if (Double.isFinite(value)) {
                ObjectNode item = Json.MAPPER.createObjectNode().put("key", key).put("value", value);
                batches.add("metrics", item.put("timestamp", timestamp).put("step", 0));
            }
        });
        return List.copyOf(batches.bodies);
    }

    private void add(String kind, ObjectNode item) {
        int size = item.toString().getBytes(StandardCharsets.UTF_8).length + 1;
        boolean isParam = kind.equals("params");
        if (bodies.isEmpty() || items == MAX_ITEMS || isParam && params == MAX_PARAMS || bytes + size > MAX_BYTES) {
            bodies.add(Json.MAPPER.createObjectNode().put("run_id", run));
            items = 0;
            params = 0;
            bytes = 0;
        }
        bodies.get(bodies.size() - 1).withArray(kind).add(item);
        items++;
        params += isParam ? 1 : 0;
        bytes += size;
    }
}
