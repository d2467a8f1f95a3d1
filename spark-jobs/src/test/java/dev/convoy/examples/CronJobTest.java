package dev.convoy.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobSpec;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The CronJob, read strictly into the records that Spark itself talks to Kubernetes with; its shell is run. */
class CronJobTest {
    /** Those records put fields that they do not know aside; here these are errors. */
    private static final ObjectMapper STRICT = Examples.YAML
            .copy()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasAnySetter(Annotated setter) {
                    return false;
                }
            });

    @TempDir
    Path folder;

    private static CronJobSpec job() throws IOException {
        CronJob job = STRICT.readValue(Examples.text("cronjob.yaml"), CronJob.class);
        assertThat(job.getApiVersion()).isEqualTo("batch/v1");
        assertThat(job.getKind()).isEqualTo("CronJob");
        assertThat(job.getMetadata().getName()).isNotBlank();
        return job.getSpec();
    }

    private static PodSpec pod() throws IOException {
        return job().getJobTemplate().getSpec().getTemplate().getSpec();
    }

    private static Container container() throws IOException {
        assertThat(pod().getContainers()).hasSize(1);
        return pod().getContainers().get(0);
    }

    @Test
    void misspeltFieldsAreErrors() throws IOException {
        String text = Examples.text("cronjob.yaml");
        for (String name :
                List.of("concurrencyPolicy", "backoffLimit", "ttlSecondsAfterFinished", "mountPath", "sizeLimit")) {
            String wrong = text.replace(name + ":", name + "s:");
            assertThat(wrong).isNotEqualTo(text);
            assertThatThrownBy(() -> STRICT.readValue(wrong, CronJob.class))
                    .isInstanceOf(JsonMappingException.class)
                    .hasMessageContaining(name + "s");
        }
    }

    @Test
    void oneNightAtATimeAndNoRetries() throws IOException {
        CronJobSpec spec = job();
        assertThat(spec.getConcurrencyPolicy()).isEqualTo("Forbid");
        // Without it more than a hundred missed nights would stop it for good.
        assertThat(spec.getStartingDeadlineSeconds()).isBetween(60L, 86_400L);
        assertThat(spec.getSuccessfulJobsHistoryLimit()).isPositive();
        assertThat(spec.getFailedJobsHistoryLimit()).isPositive();
        assertThat(spec.getTimeZone()).isNotBlank();
        JobSpec job = spec.getJobTemplate().getSpec();
        assertThat(job.getBackoffLimit()).isZero();
        assertThat(job.getTtlSecondsAfterFinished()).isPositive();
        assertThat(job.getActiveDeadlineSeconds()).isLessThan(86_400);
        assertThat(pod().getRestartPolicy()).isEqualTo("Never");
        assertThat(pod().getTerminationGracePeriodSeconds()).isGreaterThanOrEqualTo(60);
    }

    @Test
    void memoryHoldsTheHeapTheNetworksAndSharedMemory() throws IOException {
        Container container = container();
        Quantity limit = container.getResources().getLimits().get("memory");
        assertThat(container.getResources().getRequests()).containsEntry("memory", limit);
        String heap = container.getEnv().stream()
                .filter(variable -> variable.getName().equals("CONVOY_JAVA_OPTIONS"))
                .map(EnvVar::getValue)
                .findFirst()
                .orElseThrow();
        assertThat(heap).matches("-Xmx\\d+g");
        long heapBytes = Long.parseLong(heap.replaceAll("\\D", "")) << 30;
        Volume shm = volume("shm");
        assertThat(shm.getEmptyDir().getMedium()).isEqualTo("Memory");
        long shared = bytes(shm.getEmptyDir().getSizeLimit());
        assertThat(bytes(limit)).isGreaterThan(heapBytes + shared + (2L << 30));
        assertThat(mount("/dev/shm").getName()).isEqualTo("shm");
    }

    @Test
    void whatIsMountedIsThere() throws IOException {
        for (VolumeMount mount : container().getVolumeMounts()) {
            assertThat(volume(mount.getName())).isNotNull();
        }
        assertThat(container().getArgs().get(1)).isEqualTo("retrain");
        assertThat(container().getEnv())
                .anyMatch(variable -> variable.getName().equals("CONVOY_NATIVES")
                        && variable.getValue().equals("/var/cache/convoy"));
        assertThat(mount("/var/cache/convoy").getReadOnly()).isNull();
    }

    private static Volume volume(String name) throws IOException {
        return pod().getVolumes().stream()
                .filter(volume -> volume.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static VolumeMount mount(String path) throws IOException {
        return container().getVolumeMounts().stream()
                .filter(mount -> mount.getMountPath().equals(path))
                .findFirst()
                .orElseThrow();
    }

    private static long bytes(Quantity quantity) {
        return Quantity.getAmountInBytes(quantity).longValueExact();
    }

    @Test
    void theShellMakesSuccessesOfWhatIsNoFailure() throws Exception {
        for (Examples.Code row : Examples.codes()) {
            Path stub = Examples.script(folder.resolve("stub"), "#!/bin/sh\necho \"$1 $2\"\nexit " + row.code() + "\n");
            Examples.Ended ended = Examples.run("", command(stub));
            assertThat(ended.code()).as("code %d", row.code()).isEqualTo(row.isSuccess() ? 0 : row.code());
            assertThat(ended.output()).startsWith("retrain /etc/convoy/pets.conf\n");
        }
    }

    @RepeatedTest(5)
    void theShellPassesSignalsOn() throws Exception {
        Path begun = folder.resolve("begun");
        Path kept = folder.resolve("kept");
        // Ends with a code of its own, a moment after it was told to.
        Path stub = Examples.script(
                folder.resolve("stub"),
                "#!/bin/sh\ntrap 'sleep 0.1; : >" + kept + "; exit 143' TERM\n: >" + begun
                        + "\nwhile :; do sleep 0.02; done\n");
        Process process = new ProcessBuilder(command(stub)).inheritIO().start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!Files.exists(begun) && System.nanoTime() < end) {
            Thread.sleep(1);
        }
        process.destroy();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(kept).exists();
    }

    private static List<String> command(Path stub) throws IOException {
        List<String> command = new ArrayList<>(container().getCommand());
        List<String> arguments = new ArrayList<>(container().getArgs());
        assertThat(arguments.get(0)).isEqualTo("/opt/convoy/scripts/convoy");
        arguments.set(0, stub.toString());
        command.addAll(arguments);
        return command;
    }
}
