package dev.convoy.mlflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.model.Json;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The runs of one of MLflow's experiments, found by the tag that Convoy gives them. */
final class MlflowRuns {
    private final MlflowRest rest;
    private final String name;
    private final Consumer<String> refused;
    private String experiment = "";

    /**
     * @param name of the experiment
     * @param refused hears of what the server does not take
     */
    MlflowRuns(MlflowRest rest, String name, Consumer<String> refused) {
        this.rest = rest;
        this.name = name;
        this.refused = refused;
    }

    /**
     * Records a version's metrics and parameters in a finished run, of which there is never more than one, however often it was begun.
     *
     * @return the run's id
     */
    String record(Publication publication) throws IOException {
        String version = String.valueOf(publication.version());
        JsonNode run = find(MlflowNames.VERSION_TAG, version);
        if (run.isMissingNode()) {
            run = create(name + " " + version, MlflowNames.VERSION_TAG, version);
        }
        String id = id(run);
        log(id, publication, run);
        if (!run.path("info").path("status").asText("").equals("FINISHED")) {
            rest.post(
                    "runs/update",
                    body().put("run_id", id).put("status", "FINISHED").put("end_time", System.currentTimeMillis()));
        }
        return id;
    }

    /**
     * The run that a tag names, made if it is not there.
     *
     * @return its id
     */
    String named(String run, String tag) throws IOException {
        JsonNode found = find(tag, run);
        if (found.isMissingNode()) {
            found = create(run, tag, run);
        }
        String id = id(found);
        if (!found.path("info").path("status").asText("RUNNING").equals("RUNNING")) {
            // It had ended, and is gone on with.
            rest.post("runs/update", body().put("run_id", id).put("status", "RUNNING"));
        }
        return id;
    }

    private static String id(JsonNode run) throws IOException {
        String id = run.path("info").path("run_id").asText("");
        if (id.isEmpty()) {
            throw new IOException("The answer names no run");
        }
        return id;
    }

    private String experiment() throws IOException {
        if (experiment.isEmpty()) {
            try {
                experiment = byName();
            } catch (MlflowException e) {
                if (!e.isMissing()) {
                    throw e;
                }
                experiment = createExperiment();
            }
            if (experiment.isEmpty()) {
                throw new IOException("The answer names no experiment");
            }
        }
        return experiment;
    }

    private String byName() throws IOException {
        return rest.get("experiments/get-by-name", Map.of("experiment_name", name))
                .path("experiment")
                .path("experiment_id")
                .asText("");
    }

    private String createExperiment() throws IOException {
        try {
            return rest.post("experiments/create", body().put("name", name))
                    .path("experiment_id")
                    .asText("");
        } catch (MlflowException e) {
            if (!e.exists()) {
                throw e;
            }
            return byName();
        }
    }

    private JsonNode find(String tag, String value) throws IOException {
        ObjectNode body =
                body().put("max_results", 10).put("filter", "tags.`" + tag + "` = '" + value.replace("'", "") + "'");
        body.putArray("experiment_ids").add(experiment());
        for (JsonNode run : rest.post("runs/search", body).path("runs")) {
            if (MlflowMetrics.hasTag(run, tag, value)) {
                return run;
            }
        }
        return Json.MAPPER.missingNode();
    }

    private JsonNode create(String run, String tag, String value) throws IOException {
        ObjectNode body = body().put("experiment_id", experiment())
                .put("run_name", run)
                .put("start_time", System.currentTimeMillis());
        body.putArray("tags").addObject().put("key", tag).put("value", value);
        return rest.post("runs/create", body).path("run");
    }

    /** Sends what a run lacks; what the server does not take is no reason to hold back the version. */
    private void log(String id, Publication publication, JsonNode run) throws IOException {
        Map<String, Double> metrics = new TreeMap<>(MlflowNames.keys(publication.metrics()));
        Map<String, String> params = new TreeMap<>(MlflowNames.keys(publication.params()));
        metrics.keySet()
                .removeAll(MlflowRegistry.tags(run.path("data").path("metrics")).keySet());
        params.keySet()
                .removeAll(MlflowRegistry.tags(run.path("data").path("params")).keySet());
        long time = run.path("info").path("start_time").asLong(0);
        List<ObjectNode> batches = LogBatches.of(id, metrics, params, time);
        for (ObjectNode batch : batches) {
            try {
                rest.post("runs/log-batch", batch);
            } catch (MlflowException e) {
                if (!e.isRefusal()) {
                    throw e;
                }
                refused.accept(e.getMessage());
            }
        }
    }

    private static ObjectNode body() {
        return Json.MAPPER.createObjectNode();
    }
}
