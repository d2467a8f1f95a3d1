package dev.convoy.mlflow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.model.Json;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * Requests to MLflow, each within the time that is left. None is sent on to where a server redirects to, since it carries credentials.
 * Messages of errors hold no secrets.
 */
final class MlflowRest {
    private static final int MAX_ANSWER = 16 << 20;

    private final MlflowTarget target;
    private final HttpClient client;
    private final String base;
    private final Deadline deadline;

    MlflowRest(MlflowTarget target, Deadline deadline) {
        this(target, deadline, client(target));
    }

    /**
     * @param client of {@link #client}, which can be shared; it has threads that nothing but its collection ends
     */
    MlflowRest(MlflowTarget target, Deadline deadline, HttpClient client) {
        this.target = target;
        this.deadline = deadline;
        this.client = client;
        base = target.uri().toString().replaceAll("/+$", "") + "/api/2.0/mlflow/";
    }

    static HttpClient client(MlflowTarget target) {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(target.connect())
                .build();
    }

    /**
     * Asks.
     *
     * @throws MlflowException if the answer is an error
     * @throws IOException if there is no answer in time, or none that can be read
     */
    JsonNode get(String path, Map<String, String> query) throws IOException {
        String text = new TreeMap<>(query)
                .entrySet().stream()
                        .map(entry -> encoded(entry.getKey()) + "=" + encoded(entry.getValue()))
                        .collect(Collectors.joining("&"));
        return answer(path, request(path + "?" + text).GET());
    }

    /** Tells; see {@link #get}. */
    JsonNode post(String path, ObjectNode body) throws IOException {
        return send("POST", path, body);
    }

    /** Takes back; see {@link #get}. */
    JsonNode delete(String path, ObjectNode body) throws IOException {
        return send("DELETE", path, body);
    }

    private JsonNode send(String method, String path, ObjectNode body) throws IOException {
        byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
        return answer(
                path,
                request(path)
                        .header("Content-Type", "application/json")
                        .method(method, BodyPublishers.ofByteArray(bytes)));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private HttpRequest.Builder request(String pathAndQuery) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + pathAndQuery))
                .header("Accept", "application/json")
                .header("User-Agent", "convoy");
        target.credentials().header().ifPresent(value -> request.header("Authorization", value));
        return request;
    }

    private JsonNode answer(String path, HttpRequest.Builder request) throws IOException {
        long left = deadline.left();
        if (left <= 0) {
            throw new IOException("The time for it is over");
        }
        // One request that hangs leaves time to say so, and bounds the body as well as the head.
        long most = Math.min(left, Math.max(target.total().toNanos() / 3, TimeUnit.MILLISECONDS.toNanos(1)));
        HttpRequest whole = request.timeout(Duration.ofNanos(most)).build();
        CompletableFuture<HttpResponse<byte[]>> response = client.sendAsync(whole, head -> new BoundedBody(MAX_ANSWER));
        try {
            return content(path, response.get(most, TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            throw new IOException(path + ": no answer within " + TimeUnit.NANOSECONDS.toMillis(most) + " ms", e);
        } catch (ExecutionException e) {
            throw failed(path, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("It was interrupted");
        } finally {
            response.cancel(true);
        }
    }

    private IOException failed(String path, Throwable cause) {
        String kind = cause.getClass().getSimpleName();
        String message = cause.getMessage() == null ? kind : kind + ": " + cause.getMessage();
        return new IOException(target.credentials().line(path + ": " + message));
    }

    private JsonNode content(String path, HttpResponse<byte[]> response) throws IOException {
        int status = response.statusCode();
        if (status / 100 == 3) {
            String host = response.headers()
                    .firstValue("Location")
                    .map(MlflowRest::host)
                    .orElse("nowhere");
            throw new MlflowException(
                    target.credentials().line(path + ": it redirects to " + host + ", which is not followed"),
                    status,
                    "REDIRECT");
        }
        try {
            JsonNode body = Json.MAPPER.readTree(response.body());
            if (status / 100 == 2 && body.isObject()) {
                return body;
            }
            if (status / 100 != 2) {
                throw refused(path, status, body);
            }
        } catch (JsonProcessingException e) {
            if (status / 100 != 2) {
                throw refused(path, status, Json.MAPPER.createObjectNode());
            }
        }
        throw new IOException(path + ": it answers with what is no JSON object; is it an MLflow server?");
    }

    private MlflowException refused(String path, int status, JsonNode body) {
        String code = body.path("error_code").asText("");
        String message = path + ": HTTP " + status + " " + code + " "
                + body.path("message").asText("");
        return new MlflowException(target.credentials().line(message.strip()), status, code);
    }

    /** Where a redirect leads to, without what may be secret in it. */
    private static String host(String location) {
        try {
            URI uri = URI.create(location);
            return uri.getHost() == null ? "another path" : uri.getScheme() + "://" + uri.getHost();
        } catch (IllegalArgumentException e) {
            return "what is no address";
        }
    }
}
