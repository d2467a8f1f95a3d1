package dev.convoy.mlflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A server on the loopback address that answers as MLflow does, from memory, and can be told to misbehave. */
final class FakeMlflow implements AutoCloseable {
    /** What becomes of a request. */
    enum Mood {
        WELL,
        /** Takes a while for each answer. */
        SLOW,
        /** Does what it is asked, and closes the connection instead of saying so. */
        LOSES_ANSWERS,
        CLOSES,
        HANGS,
        HANGS_IN_BODY,
        NO_JSON,
        JSON_LIST,
        FLOODS,
        FAILS,
        FORBIDS,
        REFUSES,
        REDIRECTS
    }

    private static final long SLOW_MILLIS = 100;
    private static final ObjectMapper JSON = new ObjectMapper();

    static {
        // Otherwise every answer waits 40 milliseconds for the acknowledgement of its head.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    final List<String> authorizations = Collections.synchronizedList(new ArrayList<>());
    final Map<String, ObjectNode> runs = new LinkedHashMap<>();
    final List<ObjectNode> versions = new ArrayList<>();
    final Map<String, String> aliases = new HashMap<>();

    /** The paths that the mood is for; all, if there is none. */
    final Set<String> moody = Collections.synchronizedSet(new HashSet<>());

    volatile Mood mood = Mood.WELL;
    volatile String redirect = "http://127.0.0.1:1/";
    volatile int pageSize = 1_000;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch closed = new CountDownLatch(1);
    private boolean hasExperiment;
    private boolean hasModel;

    /** An answer that is an error of MLflow's. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final int status;
        final String code;

        Refused(int status, String code) {
            super("it says " + code);
            this.status = status;
            this.code = code;
        }
    }

    FakeMlflow() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/base/api/2.0/mlflow/", this::handle);
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/base/");
    }

    /** Misbehaves for these paths from now on; for all, if none is named. */
    void become(Mood next, String... paths) {
        moody.clear();
        moody.addAll(List.of(paths));
        mood = next;
    }

    Optional<ObjectNode> version(int convoy) {
        return versions.stream()
                .filter(version -> tags(version).get("convoy.version").equals(String.valueOf(convoy)))
                .findFirst();
    }

    static Map<String, String> tags(JsonNode node) {
        Map<String, String> tags = new HashMap<>();
        node.path("tags")
                .forEach(tag ->
                        tags.put(tag.path("key").asText(), tag.path("value").asText()));
        return tags;
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().substring("/base/api/2.0/mlflow/".length());
        byte[] sent = exchange.getRequestBody().readAllBytes();
        requests.add(exchange.getRequestMethod() + " " + path);
        authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        Mood now = moody.isEmpty() || moody.contains(path) ? mood : Mood.WELL;
        try (exchange) {
            switch (now) {
                case CLOSES -> {}
                case HANGS -> closed.await();
                case HANGS_IN_BODY -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write('{');
                    exchange.getResponseBody().flush();
                    closed.await();
                }
                case NO_JSON -> answer(exchange, 200, "<html>Hello</html>");
                case JSON_LIST -> answer(exchange, 200, "[1]");
                case FLOODS -> flood(exchange);
                case FAILS -> answer(exchange, 500, "<html>oops</html>");
                case FORBIDS -> answer(
                        exchange,
                        403,
                        error(
                                "PERMISSION_DENIED",
                                "not with " + exchange.getRequestHeaders().getFirst("Authorization")));
                case REFUSES -> answer(exchange, 400, error("INVALID_PARAMETER_VALUE", "no\nsuch thing"));
                case REDIRECTS -> {
                    exchange.getResponseHeaders().add("Location", redirect);
                    answer(exchange, 307, "");
                }
                case WELL -> reply(exchange, path, sent, true);
                case SLOW -> {
                    TimeUnit.MILLISECONDS.sleep(SLOW_MILLIS);
                    reply(exchange, path, sent, true);
                }
                case LOSES_ANSWERS -> reply(exchange, path, sent, false);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void flood(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        byte[] much = new byte[1 << 20];
        try (OutputStream out = exchange.getResponseBody()) {
            for (int i = 0; i < 200; i++) {
                out.write(much);
            }
        }
    }

    private void reply(HttpExchange exchange, String path, byte[] sent, boolean says) throws IOException {
        int status = 200;
        String text;
        try {
            JsonNode body = sent.length == 0 ? JSON.createObjectNode() : JSON.readTree(sent);
            text = act(exchange.getRequestMethod() + " " + path, body, query(exchange), sent.length)
                    .toString();
        } catch (Refused e) {
            status = e.status;
            text = error(e.code, e.getMessage());
        }
        if (says) {
            answer(exchange, status, text);
        }
    }

    private static String error(String code, String message) {
        return JSON.createObjectNode()
                .put("error_code", code)
                .put("message", message)
                .toString();
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static Map<String, String> query(HttpExchange exchange) {
        Map<String, String> query = new HashMap<>();
        String raw = exchange.getRequestURI().getRawQuery();
        for (String pair : raw == null ? new String[0] : raw.split("&")) {
            String[] parts = pair.split("=", 2);
            query.put(decoded(parts[0]), decoded(parts[1]));
        }
        return query;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private synchronized ObjectNode act(String request, JsonNode body, Map<String, String> query, int size) {
        return switch (request) {
            case "GET experiments/get-by-name" -> experiment();
            case "POST experiments/create" -> createExperiment();
            case "POST runs/search" -> searchRuns(body);
            case "POST runs/create" -> createRun(body);
            case "POST runs/log-batch" -> log(body, size);
            case "POST runs/update" -> updateRun(body);
            case "POST registered-models/create" -> createModel();
            case "GET model-versions/search" -> searchVersions(query);
            case "POST model-versions/create" -> createVersion(body);
            case "POST model-versions/set-tag" -> setTag(body);
            case "POST registered-models/alias" -> {
                find(body.path("version").asText());
                aliases.put(body.path("alias").asText(), body.path("version").asText());
                yield JSON.createObjectNode();
            }
            case "DELETE registered-models/alias" -> {
                if (aliases.remove(body.path("alias").asText()) == null) {
                    throw new Refused(404, "RESOURCE_DOES_NOT_EXIST");
                }
                yield JSON.createObjectNode();
            }
            default -> throw new Refused(404, "ENDPOINT_NOT_FOUND");
        };
    }

    private ObjectNode experiment() {
        if (!hasExperiment) {
            throw new Refused(404, "RESOURCE_DOES_NOT_EXIST");
        }
        ObjectNode answer = JSON.createObjectNode();
        answer.putObject("experiment").put("experiment_id", "7");
        return answer;
    }

    private ObjectNode createExperiment() {
        if (hasExperiment) {
            throw new Refused(400, "RESOURCE_ALREADY_EXISTS");
        }
        hasExperiment = true;
        return JSON.createObjectNode().put("experiment_id", "7");
    }

    private ObjectNode searchRuns(JsonNode body) {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode found = answer.putArray("runs");
        for (ObjectNode run : runs.values()) {
            tags(run.path("data")).forEach((key, value) -> {
                if (body.path("filter").asText().equals("tags.`" + key + "` = '" + value + "'")) {
                    found.add(run);
                }
            });
        }
        return answer;
    }

    private ObjectNode createRun(JsonNode body) {
        String id = "run" + (runs.size() + 1);
        ObjectNode run = JSON.createObjectNode();
        run.putObject("info")
                .put("run_id", id)
                .put("status", "RUNNING")
                .put("start_time", body.path("start_time").asLong());
        run.putObject("data").set("tags", body.path("tags"));
        runs.put(id, run);
        ObjectNode answer = JSON.createObjectNode();
        answer.set("run", run);
        return answer;
    }

    private ObjectNode log(JsonNode body, int size) {
        ObjectNode data = (ObjectNode) runs.get(body.path("run_id").asText()).path("data");
        int metrics = body.path("metrics").size();
        int params = body.path("params").size();
        if (metrics > 1_000 || params > 100 || metrics + params > 1_000 || size > 1_000_000) {
            throw new Refused(400, "INVALID_PARAMETER_VALUE");
        }
        for (String kind : List.of("metrics", "params")) {
            for (JsonNode item : body.path(kind)) {
                if (!item.path("key").asText().matches("[/\\w.\\- ]{1,250}")
                        || item.path("value").asText().length() > 6_000) {
                    throw new Refused(400, "INVALID_PARAMETER_VALUE");
                }
            }
            data.withArray(kind).addAll((ArrayNode) body.withArray(kind));
        }
        return JSON.createObjectNode();
    }

    private ObjectNode updateRun(JsonNode body) {
        ((ObjectNode) runs.get(body.path("run_id").asText()).path("info"))
                .put("status", body.path("status").asText());
        return JSON.createObjectNode();
    }

    private ObjectNode createModel() {
        if (hasModel) {
            throw new Refused(400, "RESOURCE_ALREADY_EXISTS");
        }
        hasModel = true;
        return JSON.createObjectNode();
    }

    private ObjectNode searchVersions(Map<String, String> query) {
        if (!query.get("filter").equals("name='pets'")) {
            throw new Refused(400, "INVALID_PARAMETER_VALUE");
        }
        int from = Integer.parseInt(query.getOrDefault("page_token", "0"));
        int to = Math.min(versions.size(), from + pageSize);
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode list = answer.putArray("model_versions");
        versions.subList(from, to).forEach(list::add);
        return to < versions.size() ? answer.put("next_page_token", String.valueOf(to)) : answer;
    }

    private ObjectNode createVersion(JsonNode body) {
        ObjectNode version = ((ObjectNode) body).deepCopy();
        // MLflow counts its own: other versions than Convoy's may be there.
        version.put("version", String.valueOf(versions.size() + 101));
        versions.add(version);
        ObjectNode answer = JSON.createObjectNode();
        answer.set("model_version", version);
        return answer;
    }

    private ObjectNode find(String number) {
        return versions.stream()
                .filter(version -> version.path("version").asText().equals(number))
                .findFirst()
                .orElseThrow(() -> new Refused(404, "RESOURCE_DOES_NOT_EXIST"));
    }

    private ObjectNode setTag(JsonNode body) {
        ArrayNode tags = find(body.path("version").asText()).withArray("tags");
        for (int i = tags.size() - 1; i >= 0; i--) {
            if (tags.get(i).path("key").equals(body.path("key"))) {
                tags.remove(i);
            }
        }
        tags.addObject()
                .put("key", body.path("key").asText())
                .put("value", body.path("value").asText());
        return JSON.createObjectNode();
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
