package dev.convoy.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.mlflow.FakeMlflow.Mood;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class MlflowMetricsTest {
    private FakeMlflow mlflow;

    @BeforeEach
    void open() throws IOException {
        mlflow = new FakeMlflow();
    }

    @AfterEach
    void close() {
        mlflow.close();
    }

    private MlflowMetrics metrics() {
        MlflowTarget target = new MlflowTarget(mlflow.uri(), "digits", MlflowCredentials.none());
        return new MlflowMetrics(
                target.withTimes(Duration.ofMillis(600), Duration.ofMillis(300)), "digits-20261127T101500Z");
    }

    private List<Long> steps() {
        assertThat(mlflow.runs).hasSize(1);
        JsonNode sent = mlflow.runs.values().iterator().next().path("data").path("metrics");
        return StreamSupport.stream(sent.spliterator(), false)
                .map(metric -> metric.path("step").asLong())
                .toList();
    }

    @Test
    void pointsComeInTheirOrder() {
        MlflowMetrics metrics = metrics();
        metrics.log(1, 1000, Map.of("loss", 2.0));
        metrics.log(2, 2000, Map.of("loss", Double.NaN));
        metrics.log(3, 3000, Map.of("loss", 1.0));
        assertThat(metrics.end("FINISHED")).isZero();
        assertThat(steps()).containsExactly(1L, 3L);
        JsonNode run = mlflow.runs.values().iterator().next();
        assertThat(run.at("/info/status").asText()).isEqualTo("FINISHED");
        assertThat(run.at("/data/metrics/1").toString())
                .isEqualTo("{\"key\":\"loss\",\"value\":1.0,\"timestamp\":3000,\"step\":3}");
        // An attempt that goes on finds its run again.
        MlflowMetrics later = metrics();
        later.log(4, 4000, Map.of("loss", 0.5));
        assertThat(later.end("FINISHED")).isZero();
        assertThat(steps()).containsExactly(1L, 3L, 4L);
    }

    /** A server that fails in the middle costs its own time once, not that of every point, and gets what it has missed. */
    @ParameterizedTest
    @EnumSource(
            value = Mood.class,
            names = {"CLOSES", "HANGS", "FAILS", "FORBIDS", "NO_JSON"})
    void whatAServerDoesNotTakeWaits(Mood mood) {
        MlflowMetrics metrics = metrics();
        metrics.log(1, 1000, Map.of("loss", 2.0));
        mlflow.become(mood);
        for (int step = 2; step <= 1200; step++) {
            metrics.log(step, step * 1000L, Map.of("loss", 1.0));
        }
        assertThat(mlflow.requests.size()).as("it is left alone for a while").isLessThan(12);
        mlflow.become(Mood.WELL);
        assertThat(metrics.end("FINISHED")).isZero();
        assertThat(steps()).hasSize(1200).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void whatNeverCameIsCounted() {
        mlflow.become(Mood.FAILS);
        MlflowMetrics metrics = metrics();
        metrics.log(1, 1000, Map.of("loss", 2.0, "rate", 0.1));
        assertThat(metrics.end("FAILED")).isEqualTo(2);
        mlflow.close();
        assertThat(metrics.end("FAILED")).isEqualTo(2);
    }

    /** A day's numbers, for a server that is given time for a few requests at once alone. */
    @Test
    void whatTakesLongIsSentInTheEnd() {
        mlflow.become(Mood.SLOW);
        MlflowMetrics metrics = metrics();
        for (int step = 1; step <= 6000; step++) {
            metrics.log(step, step * 1000L, Map.of("loss", 1.0));
        }
        metrics.flush();
        assertThat(metrics.end("FINISHED")).isZero();
        assertThat(steps()).hasSizeGreaterThanOrEqualTo(6000);
        assertThat(Set.copyOf(steps())).hasSize(6000);
    }
}
