package dev.convoy.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The DAG, run by Python with a stand-in for Airflow, which no build can count on. */
class AirflowTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private final List<ObjectNode> cases = new ArrayList<>();

    @BeforeEach
    void needPython() throws Exception {
        try {
            Examples.Ended ended = Examples.run(
                    "", List.of("python3", "-c", "import sys; sys.exit(0 if sys.version_info >= (3, 8) else 1)"));
            Assumptions.assumeTrue(ended.code() == 0, "python3 is older than 3.8: the DAG is not run");
        } catch (IOException e) {
            Assumptions.abort("There is no python3: the DAG is not run");
        }
    }

    /** What Airflow sees: the DAG first, then the outcome of each case. */
    private List<JsonNode> run() throws Exception {
        Path stub = Path.of(AirflowTest.class.getResource("run_dag.py").toURI());
        StringBuilder input = new StringBuilder();
        cases.forEach(each -> input.append(each).append('\n'));
        List<String> command = List.of(
                "env",
                "-u",
                "PYTHONHOME",
                "PYTHONDONTWRITEBYTECODE=1",
                "PYTHONPATH=" + stub.getParent(),
                "python3",
                stub.toString(),
                Examples.file("airflow_dag.py").toString());
        Examples.Ended ended = Examples.run(input.toString(), command);
        assertThat(ended.code()).as(ended.output()).isZero();
        List<JsonNode> lines = new ArrayList<>();
        for (String line : ended.output().lines().toList()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private ObjectNode exits(int code) throws IOException, URISyntaxException {
        Path stub = Examples.script(folder.resolve("exit-" + code), "#!/bin/sh\nexit " + code + "\n");
        ObjectNode added = JSON.createObjectNode();
        added.putArray("command").add(stub.toString());
        cases.add(added);
        return added;
    }

    @Test
    void pythonCanReadIt() throws Exception {
        Examples.Ended ended = Examples.run(
                Examples.text("airflow_dag.py"),
                List.of("python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())"));
        assertThat(ended.code()).as(ended.output()).isZero();
    }

    @Test
    void oneNightAtATimeAndNoneOfThePast() throws Exception {
        JsonNode dag = run().get(0);
        assertThat(dag.path("catchup").asBoolean(true)).isFalse();
        assertThat(dag.path("runs").asInt()).isEqualTo(1);
        assertThat(dag.path("tasks")).hasSize(1);
        assertThat(dag.path("schedule").asText())
                .isEqualTo(Examples.yaml("cronjob.yaml")
                        .path("spec")
                        .path("schedule")
                        .asText());
        assertThat(dag.path("command").get(0).asText()).isEqualTo("/opt/convoy/scripts/convoy");
        assertThat(dag.path("command").get(1).asText()).isEqualTo("retrain");
        JsonNode codes = dag.path("codes");
        codes.fieldNames().forEachRemaining(status -> assertThat(Examples.CODES)
                .containsEntry(codes.path(status).asInt(), status));
    }

    @Test
    void everyCodeBecomesWhatItIs() throws Exception {
        for (Examples.Code row : Examples.codes()) {
            exits(row.code());
        }
        List<JsonNode> seen = run();
        Map<Integer, String> special = Map.of(
                0, "success",
                10, "success",
                11, "AirflowSkipException",
                12, "AirflowSkipException",
                13, "AirflowFailException",
                14, "AirflowFailException");
        for (int i = 0; i < cases.size(); i++) {
            int code = Examples.codes().get(i).code();
            assertThat(seen.get(i + 1).path("outcome").asText())
                    .as("code %d", code)
                    .isEqualTo(special.getOrDefault(code, "AirflowException"));
            assertThat(seen.get(i + 1).path("told").asInt()).isEqualTo(code == 10 ? 1 : 0);
        }
    }

    @Test
    void inClusterModeTheFileDecides() throws Exception {
        result("noop", "{\"status\": \"NOOP\"}", 60);
        result("rejected", "{\"status\": \"REJECTED\"}", 60);
        result("running", "{\"status\": \"RUNNING\"}", 60);
        result("half", "{\"status\": \"PROM", 60);
        result("list", "[]", 60);
        result("yesterday", "{\"status\": \"PROMOTED\"}", -86_400);
        // Another night runs, and has begun earlier.
        write("locked", "{\"status\": \"RUNNING\"}", -3600);
        write("locked", "{\"status\": \"NOOP\"}", 3600);
        result("locked", "{\"status\": \"LOCKED\"}", 60);
        exits(0).put("result", folder.resolve("none.json").toString());
        assertThat(run().stream().skip(1).map(line -> line.path("outcome").asText()))
                .containsExactly(
                        "AirflowSkipException",
                        "success",
                        "AirflowException",
                        "AirflowException",
                        "AirflowException",
                        "AirflowException",
                        "AirflowSkipException",
                        "AirflowException");
    }

    private void result(String name, String content, long seconds) throws Exception {
        write(name, content, seconds);
        exits(0).put("result", folder + "/" + name + "-retrain-*/result.json");
    }

    private void write(String name, String content, long seconds) throws IOException {
        String stamp = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'")
                .withZone(ZoneOffset.UTC)
                .format(Instant.now().plusSeconds(seconds));
        Path run = Files.createDirectories(folder.resolve(name + "-retrain-" + stamp));
        Files.writeString(run.resolve("result.json"), content);
    }

    @Test
    void aTaskThatIsEndedTellsTheTraining() throws Exception {
        Path kept = folder.resolve("kept");
        Path stub = Examples.script(
                folder.resolve("long"),
                "#!/bin/sh\ntrap ': >" + kept + "; exit 143' TERM\nwhile :; do sleep 0.05; done\n");
        ObjectNode stopped = JSON.createObjectNode().put("stopAfter", 0.5);
        stopped.putArray("command").add(stub.toString());
        cases.add(stopped);
        assertThat(run().get(1).path("outcome").asText()).isEqualTo("Stopped");
        assertThat(kept).exists();
    }
}
