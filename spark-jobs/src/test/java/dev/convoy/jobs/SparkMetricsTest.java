package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.config.ConfigReader;
import dev.convoy.data.source.IdxSource;
import dev.convoy.testing.Digits;
import dev.convoy.train.EpochReport;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingState;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Read back where Prometheus would read them: from Spark's own servlet, while training goes on. */
@Timeout(120)
class SparkMetricsTest {
    @TempDir
    Path folder;

    private static String metrics(JavaSparkContext spark) {
        try {
            URI address = URI.create(spark.sc().uiWebUrl().get() + "/metrics/prometheus/");
            return HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void trainingIsSeenByPrometheus() throws IOException {
        IdxSource train = Digits.train(folder);
        IdxSource test = Digits.test(folder);
        Map<String, String> settings = Map.of(
                "network",
                "mlp",
                "data.train",
                "{ format = idx, images = \"" + train.images() + "\", labels = \"" + train.labels() + "\" }",
                "data.test",
                "{ format = idx, images = \"" + test.images() + "\", labels = \"" + test.labels() + "\" }",
                "train.epochs",
                "3",
                "report.images",
                "0",
                "run.directory",
                folder.resolve("runs").toString());
        SparkConf conf = new SparkConf()
                .setMaster("local[2]")
                .setAppName("metrics test")
                .set("spark.ui.port", "0")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.metrics.namespace", "digits")
                .set(
                        "spark.metrics.conf.*.sink.prometheusServlet.class",
                        "org.apache.spark.metrics.sink.PrometheusServlet")
                .set("spark.metrics.conf.*.sink.prometheusServlet.path", "/metrics/prometheus");
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            List<String> seen = new ArrayList<>();
            TrainingListener looking = new TrainingListener() {
                @Override
                public void epochCompleted(EpochReport epoch, TrainingState state) {
                    seen.add(metrics(spark));
                }
            };
            new TrainJob(spark, ConfigReader.of(settings, new Configuration()), List.of(looking)).run();
            assertThat(seen.get(2)).contains("metrics_digits_driver_convoy_loss_Value{type=\"gauges\"}");
            double accuracy = Double.parseDouble(seen.get(2)
                    .lines()
                    .filter(line -> line.startsWith("metrics_digits_driver_convoy_test_accuracy_Value"))
                    .findFirst()
                    .orElseThrow()
                    .replaceAll(".* ", ""));
            assertThat(accuracy).isBetween(0.1, 1.0);
            assertThat(metrics(spark)).as("it has ended").doesNotContain("convoy_loss");
        }
    }
}
