package dev.convoy.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The Spark operator's resources: held to a schema of them, and to what Convoy needs. */
class SparkOperatorTest {
    private static Set<ValidationMessage> faults(JsonNode resource) throws IOException {
        try (InputStream in = SparkOperatorTest.class.getResourceAsStream("spark-operator.schema.json")) {
            JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                    .getSchema(in);
            return schema.validate(resource);
        }
    }

    private static JsonNode application() throws IOException {
        return Examples.yaml("spark-application.yaml").path("spec");
    }

    @Test
    void bothAreAsTheSchemaHasThem() throws IOException {
        assertThat(faults(Examples.yaml("spark-application.yaml"))).isEmpty();
        assertThat(faults(Examples.yaml("scheduled-spark-application.yaml"))).isEmpty();
    }

    @Test
    void whatIsMisspeltOrOfAnotherTypeIsAFault() throws IOException {
        ObjectNode wrong = (ObjectNode) Examples.yaml("spark-application.yaml");
        ((ObjectNode) wrong.path("spec")).put("restartPolicies", "Never");
        assertThat(faults(wrong)).hasSize(1);
        wrong = (ObjectNode) Examples.yaml("spark-application.yaml");
        ((ObjectNode) wrong.path("spec").path("executor")).put("cores", "four");
        assertThat(faults(wrong)).hasSize(1);
        wrong = (ObjectNode) Examples.yaml("spark-application.yaml");
        ((ObjectNode) wrong.path("spec")).remove("sparkVersion");
        assertThat(faults(wrong)).hasSize(1);
        wrong = (ObjectNode) Examples.yaml("scheduled-spark-application.yaml");
        ((ObjectNode) wrong.path("spec")).put("concurrencyPolicy", "forbid");
        assertThat(faults(wrong)).hasSize(1);
    }

    @Test
    void theScheduledOneIsTheOtherEveryNight() throws IOException {
        JsonNode spec = Examples.yaml("scheduled-spark-application.yaml").path("spec");
        assertThat(spec.path("template")).isEqualTo(application());
        assertThat(spec.path("concurrencyPolicy").asText()).isEqualTo("Forbid");
        assertThat(spec.path("suspend").asBoolean(true)).isFalse();
        assertThat(spec.path("schedule").asText())
                .isEqualTo(Examples.yaml("cronjob.yaml")
                        .path("spec")
                        .path("schedule")
                        .asText());
        assertThat(spec.path("successfulRunHistoryLimit").asInt()).isPositive();
        assertThat(spec.path("failedRunHistoryLimit").asInt()).isPositive();
    }

    @Test
    void nothingStartsItAgain() throws IOException {
        JsonNode spec = application();
        assertThat(spec.path("restartPolicy").path("type").asText()).isEqualTo("Never");
        assertThat(spec.path("mode").asText()).isEqualTo("cluster");
        assertThat(spec.path("mainClass").asText()).isEqualTo("dev.convoy.cli.Convoy");
        assertThat(spec.path("mainApplicationFile").asText()).endsWith("/convoy.jar");
        assertThat(spec.path("sparkVersion").asText()).startsWith("3.5.");
        assertThat(spec.path("driver").path("terminationGracePeriodSeconds").asInt())
                .isGreaterThanOrEqualTo(60);
    }

    @Test
    void processesAreStartedAsTheLauncherStartsThem() throws IOException {
        for (String role : List.of("driver", "executor")) {
            JsonNode pod = application().path(role);
            List<String> options = List.of(pod.path("javaOptions").asText().split(" "));
            assertThat(options.subList(0, 2)).containsExactly("-XX:+UseParallelGC", "-XX:MetaspaceSize=256m");
            assertThat(options.subList(2, options.size())).isEqualTo(Examples.moduleOptions());
            Map<String, String> variables = new HashMap<>();
            pod.path("env")
                    .forEach(each -> variables.put(
                            each.path("name").asText(), each.path("value").asText()));
            assertThat(variables).containsEntry("OMP_NUM_THREADS", "1").containsEntry("OPENBLAS_NUM_THREADS", "1");
        }
    }

    @Test
    void everyCoreIsAWorkerAndSharedMemoryFits() throws IOException {
        JsonNode spec = application();
        JsonNode executor = spec.path("executor");
        int cores = executor.path("instances").asInt() * executor.path("cores").asInt();
        assertThat(spec.path("arguments").toString()).contains("\"train.workers=" + cores + "\"");
        JsonNode mount = executor.path("volumeMounts").get(0);
        assertThat(mount.path("mountPath").asText()).isEqualTo("/dev/shm");
        JsonNode volume = spec.path("volumes").get(0);
        assertThat(volume.path("name")).isEqualTo(mount.path("name"));
        assertThat(volume.path("emptyDir").path("medium").asText()).isEqualTo("Memory");
        int shared = Integer.parseInt(
                volume.path("emptyDir").path("sizeLimit").asText().replace("Gi", ""));
        int overhead = Integer.parseInt(executor.path("memoryOverhead").asText().replace("g", ""));
        assertThat(overhead).isGreaterThan(shared + 1);
    }
}
