package dev.convoy.report.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ReportPageTest {
    @TempDir
    Path folder;

    private static String page(Path... runs) throws IOException {
        return ReportPage.of(
                new Configuration(),
                Stream.of(runs)
                        .map(run -> new org.apache.hadoop.fs.Path(run.toString()))
                        .toList(),
                "");
    }

    private Path run(String name, int epochs, int workers) throws IOException {
        Path run = folder.resolve(name);
        new RecordedRun(epochs, workers).write(run);
        return run;
    }

    private static JsonNode data(String page) throws IOException {
        Matcher matcher = Pattern.compile("id=\"data\">(.*?)</script>").matcher(page);
        assertThat(matcher.find()).isTrue();
        return Json.MAPPER.readTree(matcher.group(1));
    }

    @Test
    void thePageTellsOfEverything() throws IOException {
        String page = page(run("one", 3, 4));
        assertThat(page)
                .contains("come to the same bits again")
                .contains("Worker 1 took 1.49 times as long as the median worker")
                .contains("The gradient of conv1.weight vanishes")
                .contains("Predicted outside the heap: 1 MiB for each of 4 workers")
                .contains("Measured at most: 1,024 MiB in driver on a host");
        JsonNode data = data(page);
        assertThat(data.path("charts"))
                .extracting(chart -> chart.path("id").asText())
                .containsExactly("loss", "accuracy", "rate", "throughput", "update", "times", "gradients", "changes");
        assertThat(data.at("/charts/1/lines/0/y")).hasSize(3);
        assertThat(data.at("/charts/1/lines/0/y/1").asDouble()).isEqualTo(0.75);
        assertThat(data.at("/timeline/percent")).hasSize(4);
        assertThat(data.at("/timeline/percent/1/0").asInt()).isBetween(145, 151);
    }

    /** As after a divergence: they have no finite values then. */
    @Test
    void gradientsMayBeUnknown() throws IOException {
        Path run = run("diverged", 2, 2);
        Path events = run.resolve("events.jsonl");
        String told = Files.readString(events);
        String untold = told.replaceAll("\"gradient\":[^,]+,", "");
        assertThat(untold).hasSizeLessThan(told.length());
        Files.writeString(events, untold);
        assertThat(page(run))
                .contains("Rounds by worker")
                .doesNotContain("vanish")
                .doesNotContain("explode");
    }

    /** Worker 1 of them is busy in 1.5 of 2 seconds; the others wait for it for half a second. */
    @Test
    void theTimelineSharesOutTheTimeOfEachWorker() throws IOException {
        JsonNode shares = data(page(run("one", 1, 2))).at("/timeline/shares");
        assertThat(shares.fieldNames()).toIterable().containsExactly("data", "compute", "wait", "exchange");
        assertThat(List.of(
                        shares.at("/data/1/0").asInt(),
                        shares.at("/compute/1/0").asInt(),
                        shares.at("/wait/1/0").asInt(),
                        shares.at("/exchange/1/0").asInt()))
                .containsExactly(5, 70, 0, 25);
        assertThat(shares.at("/wait/0/0").asInt()).isBetween(24, 25);
    }

    /** Rows are what images are, columns what they were taken for. */
    @Test
    void theConfusionMatrixIsNotTransposed() throws IOException {
        Matcher cells =
                Pattern.compile("<td class=\"(right|wrong)\"[^>]*>(\\d+)</td>").matcher(page(run("one", 1, 1)));
        List<String> found =
                cells.results().map(cell -> cell.group(1) + " " + cell.group(2)).toList();
        assertThat(found).containsExactly("right 1", "wrong 0", "wrong 2", "right 1");
    }

    @Test
    void namesAreShownAsText() throws IOException {
        String page = page(run("one", 2, 2));
        assertThat(page).doesNotContain("<script>window").doesNotContain("<img src=x");
        assertThat(page).contains("&lt;/script&gt;&lt;script&gt;window.harmed=1");
    }

    /** Nothing is fetched from anywhere: neither scripts nor styles, fonts or pictures. */
    @Test
    void thePageNeedsNothingFromOutside() throws IOException {
        String page = page(run("one", 2, 2));
        assertThat(Pattern.compile("(?:src|href)=\"(?!data:)").matcher(page).results())
                .isEmpty();
        assertThat(Pattern.compile("url\\(|@import").matcher(page).results()).isEmpty();
    }

    @Test
    void longRunsOfManyWorkersStaySmall() throws IOException {
        assertThat(page(run("long", 200, 64))).hasSizeLessThan(5_000_000);
    }

    static Stream<Map.Entry<String, String>> parts() {
        return RecordedRun.parts().entrySet().stream();
    }

    @ParameterizedTest
    @MethodSource("parts")
    void aMissingPieceIsToldOf(Map.Entry<String, String> part) throws IOException {
        Path run = run("one", 2, 2);
        Files.delete(run.resolve(part.getKey()));
        assertThat(page(run)).contains(part.getValue()).contains("Configuration");
    }

    @ParameterizedTest
    @MethodSource("parts")
    void aPieceThatIsCutOffDoesNotStopTheReport(Map.Entry<String, String> part) throws IOException {
        Path run = run("one", 2, 2);
        byte[] bytes = Files.readAllBytes(run.resolve(part.getKey()));
        Files.write(run.resolve(part.getKey()), Arrays.copyOf(bytes, bytes.length / 2));
        assertThat(page(run)).contains("Configuration");
    }

    /** Of another version: fields are gone, or are something else. */
    @ParameterizedTest
    @CsvSource({
        "evaluation/evaluation.json, \"name\", \"title\"",
        "evaluation/evaluation.json, \"sureness\": {, \"sureness\": {\"bins\": [1], \"old\": {}}; \"x\": {",
        "evaluation/examples.json, \"picture\", \"image\"",
        "evaluation/examples.json, \"features\", \"maps\"",
        "result.json, \"best\": {, \"best\": 3; \"x\": {",
        "events.jsonl, \"layers\", \"parts\"",
        "events.jsonl, \"data\":{, \"images\":{"
    })
    void fieldsThatAreGoneCostTheirPartAlone(String file, String field, String other) throws IOException {
        Path run = run("one", 2, 2);
        Path path = run.resolve(file);
        Files.writeString(path, Files.readString(path).replace(field, other.replace(';', ',')));
        assertThat(page(run)).contains("Configuration").contains("Loss");
    }

    @Test
    void eventsOfALaterVersionAreLeftOut() throws IOException {
        Path run = run("one", 2, 2);
        Files.writeString(
                run.resolve("events.jsonl"),
                "{\"event\":\"unheard-of\",\"time\":\"2030-01-01T00:00:00Z\",\"step\":1}\n",
                StandardOpenOption.APPEND);
        assertThat(page(run)).contains("1 events are cut off or of another version");
    }

    @Test
    void runsAreComparedSideBySide() throws IOException {
        JsonNode data = data(page(run("one", 2, 2), run("other", 5, 2)));
        assertThat(data.at("/charts/1/lines"))
                .extracting(line -> line.path("label").asText())
                .containsExactly("one", "other");
    }

    @Test
    void whatIsNoRunIsRefused() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> page(empty))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("neither config.resolved.conf nor result.json");
    }

    @Test
    void theLivePageIsForThisMachineAlone() throws Exception {
        Path run = run("one", 2, 2);
        try (LivePage live =
                LivePage.serve(new Configuration(), List.of(new org.apache.hadoop.fs.Path(run.toString())), 0)) {
            String version = get(live, "version");
            assertThat(get(live, "version")).isEqualTo(version);
            assertThat(data(get(live, "")).path("version").asText()).isEqualTo(version);
            Files.writeString(run.resolve("events-2.jsonl"), "\n");
            assertThat(get(live, "version")).isNotEqualTo(version);
            HttpURLConnection posed =
                    (HttpURLConnection) URI.create(live.address()).toURL().openConnection();
            posed.setRequestMethod("POST");
            assertThat(posed.getResponseCode()).isEqualTo(403);
        }
    }

    private static String get(LivePage live, String path) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(live.address() + path)).build();
        return HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
