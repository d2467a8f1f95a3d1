package dev.convoy.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.regexp_extract;
import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.config.ConfigReader;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** From Spark's DataFrames, by way of Parquet, to a model. */
@ExtendWith(SparkExtension.class)
class DataFrameTest {
    @TempDir
    Path folder;

    @AfterEach
    void forgetTheSession() {
        SparkSession.clearActiveSession();
        SparkSession.clearDefaultSession();
    }

    /** In one file in the order of the folder, so that ids, and with them weights, are the same as from the folder. */
    private String written(Dataset<Row> images, String path, Column image) {
        String file = folder.resolve(image + ".parquet").toString();
        images.coalesce(1)
                .sortWithinPartitions(path)
                .select(
                        image.as("image"),
                        regexp_extract(col(path), "([^/]+)/[^/]+$", 1).as("label"))
                .write()
                .parquet(file);
        return "{ format = parquet, path = \"" + file + "\" }";
    }

    private FinishedRun train(JavaSparkContext spark, String source) throws IOException {
        Path empty = Files.writeString(folder.resolve("job.conf"), "");
        Map<String, String> settings = Map.of(
                "name", "frame",
                "network", "mlp",
                "data", "{ train = " + source + ", batch-size = 16, on-bad-image = skip }",
                "train", "{ epochs = 1, workers = 2 }",
                "run.directory", folder.resolve("runs").toString());
        return new TrainJob(spark, ConfigReader.read(empty.toString(), settings, new Configuration()), List.of()).run();
    }

    @Test
    void framesOfFilesAndOfPixelsTrainTheSameWeightsAsTheirFolder(JavaSparkContext spark) throws IOException {
        Path tree = Digits.testFolder(folder);
        Files.writeString(tree.resolve("3/page.png"), "<html>");
        SparkSession session = SparkSession.builder()
                .sparkContext(spark.sc())
                .config("spark.sql.warehouse.dir", folder.toString())
                .getOrCreate();
        Dataset<Row> files = session.read().format("binaryFile").load(tree + "/*");
        Dataset<Row> pixels = session.read().format("image").load(tree + "/*");
        Path expected = Path.of(
                train(spark, "{ format = folder, path = \"" + tree + "\" }").directory());
        for (String source :
                List.of(written(files, "path", col("content")), written(pixels, "image.origin", col("image")))) {
            FinishedRun run = train(spark, source);
            assertThat(run.result().data().train()).isEqualTo(new Result.Split(Digits.TEST, 1));
            assertThat(Path.of(run.directory(), "model/weights.safetensors"))
                    .hasSameBinaryContentAs(expected.resolve("model/weights.safetensors"));
            assertThat(Files.readAllLines(Path.of(run.directory(), "rejects.csv")))
                    .hasSize(2);
        }
    }
}
