package dev.convoy.mlflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.model.Json;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A registered model of MLflow's: its versions, found by the tag that Convoy gives them, and its aliases. */
final class MlflowRegistry {
    private static final String PAGE = "200";

    private final MlflowRest rest;
    private final String model;
    private Map<String, JsonNode> byTag = Map.of();
    private boolean isOpen;

    MlflowRegistry(MlflowRest rest, String model) {
        this.rest = rest;
        this.model = model;
    }

    /** Creates the model unless it is there, and lists its versions, once. */
    private void open() throws IOException {
        if (isOpen) {
            return;
        }
        try {
            rest.post("registered-models/create", body());
        } catch (MlflowException e) {
            if (!e.exists()) {
                throw e;
            }
        }
        byTag = list();
        isOpen = true;
    }

    private Map<String, JsonNode> list() throws IOException {
        Map<String, JsonNode> found = new HashMap<>();
        String page = "";
        do {
            Map<String, String> query = new HashMap<>(Map.of("filter", "name='" + model + "'", "max_results", PAGE));
            if (!page.isEmpty()) {
                query.put("page_token", page);
            }
            JsonNode answer = rest.get("model-versions/search", query);
            for (JsonNode version : answer.path("model_versions")) {
                Optional.ofNullable(tags(version.path("tags")).get(MlflowNames.VERSION_TAG))
                        .ifPresent(tag -> found.putIfAbsent(tag, version));
            }
            String next = answer.path("next_page_token").asText("");
            page = next.equals(page) ? "" : next;
        } while (!page.isEmpty());
        return found;
    }

    /** The number that MLflow gave to a version of Convoy's. */
    Optional<String> find(int version) throws IOException {
        open();
        return Optional.ofNullable(byTag.get(String.valueOf(version))).map(MlflowRegistry::number);
    }

    /** The id of the run that MLflow's version of a version of Convoy's belongs to; empty if there is none. */
    String runOf(int version) throws IOException {
        open();
        return Optional.ofNullable(byTag.get(String.valueOf(version)))
                .map(found -> found.path("run_id").asText(""))
                .orElse("");
    }

    /**
     * Creates a version.
     *
     * @param tags all of them, Convoy's number among them
     * @return its number in MLflow
     */
    String create(String source, String run, Map<String, String> tags) throws IOException {
        open();
        ObjectNode body = body().put("source", source).put("run_id", run);
        ArrayNode list = body.putArray("tags");
        tags.forEach((key, text) -> list.addObject().put("key", key).put("value", text));
        String number = number(rest.post("model-versions/create", body).path("model_version"));
        if (number.isEmpty()) {
            throw new IOException("model-versions/create: the answer names no version");
        }
        return number;
    }

    void setTag(String number, String key, String text) throws IOException {
        rest.post(
                "model-versions/set-tag",
                body().put("version", number).put("key", key).put("value", text));
    }

    void setAlias(String alias, String number) throws IOException {
        rest.post("registered-models/alias", body().put("alias", alias).put("version", number));
    }

    /** Takes an alias away, if it is there. */
    void deleteAlias(String alias) throws IOException {
        try {
            rest.delete("registered-models/alias", body().put("alias", alias));
        } catch (MlflowException e) {
            if (!e.isMissing()) {
                throw e;
            }
        }
    }

    private ObjectNode body() {
        return Json.MAPPER.createObjectNode().put("name", model);
    }

    private static String number(JsonNode version) {
        return version.path("version").asText("");
    }

    /** A list of keys and values as a map. */
    static Map<String, String> tags(JsonNode list) {
        Map<String, String> tags = new HashMap<>();
        list.forEach(
                tag -> tags.put(tag.path("key").asText(""), tag.path("value").asText("")));
        return tags;
    }
}
