package dev.convoy.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.regexp_extract;
import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.config.ConfigReader;
import dev.convoy.data.ImageSetInfo;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.source.FolderSource;
import dev.convoy.data.source.ImageListing;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** From Spark's DataFrames to a model, by way of Parquet and without. */
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

    /** Two frames, of files and of decoded pixels, as anybody would make RDDs of them. */
    @Test
    void framesBecomeTheShardsOfTheirFolder(JavaSparkContext spark) throws IOException {
        Path tree = Digits.testFolder(folder);
        SparkSession session = session(spark);
        JavaRDD<SourceImage> files = session.read()
                .format("binaryFile")
                .load(tree + "/*")
                .orderBy("path")
                .javaRDD()
                .zipWithIndex()
                .map(row -> image(
                        row._2(),
                        row._1().getAs("path"),
                        new SourceImage.Data.Encoded(row._1().getAs("content"))));
        JavaRDD<SourceImage> pixels = session.read()
                .format("image")
                .load(tree + "/*")
                .orderBy("image.origin")
                .javaRDD()
                .map(row -> row.<Row>getAs("image"))
                .zipWithIndex()
                .map(row -> image(
                        row._2(),
                        row._1().getAs("origin"),
                        SourceImage.Data.ofSpark(
                                row._1().getAs("height"),
                                row._1().getAs("width"),
                                row._1().getAs("nChannels"),
                                row._1().getAs("data"))));
        ImageListing listing = new FolderSource(tree.toString()).list(new Configuration(), List.of());
        ShardSpec spec = new ShardSpec(
                new ImageDecoder(new ImageShape(1, 28, 28), ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.REFUSE),
                new WorkerLayout(1, Digits.TEST, 200, 2));
        ImageSetInfo info = new ImageSetInfo("digits", Digits.TEST, listing.classNames());
        try (ImageShards expected = ImageShards.of(spark, listing, spec);
                ImageShards fromFiles = ImageShards.of(files, info, spec);
                ImageShards fromPixels = ImageShards.of(pixels, info, spec)) {
            assertThat(fromFiles.perClass()).isEqualTo(expected.perClass());
            assertThat(fromFiles.chunks().collect())
                    .containsExactlyElementsOf(expected.chunks().collect());
            assertThat(fromPixels.chunks().collect())
                    .containsExactlyElementsOf(expected.chunks().collect());
        }
    }

    /** The folder's name is the class. */
    private static SourceImage image(long id, String path, SourceImage.Data data) {
        return new SourceImage(
                id,
                path,
                Integer.parseInt(Path.of(path).getParent().getFileName().toString()),
                data);
    }

    private SparkSession session(JavaSparkContext spark) {
        return SparkSession.builder()
                .sparkContext(spark.sc())
                .config("spark.sql.warehouse.dir", folder.toString())
                .getOrCreate();
    }

    @Test
    void framesOfFilesAndOfPixelsTrainTheSameWeightsAsTheirFolder(JavaSparkContext spark) throws IOException {
        Path tree = Digits.testFolder(folder);
        Files.writeString(tree.resolve("3/page.png"), "<html>");
        SparkSession session = session(spark);
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
