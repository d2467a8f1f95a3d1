package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.DatasetManifest;
import dev.convoy.data.ParquetSource;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Prepared digits. */
@ExtendWith(SparkExtension.class)
class PrepareJobTest {
    @TempDir
    Path folder;

    private Path tree;
    private Path prepared;
    private final Map<String, String> settings = new LinkedHashMap<>();

    @BeforeEach
    void configure() throws IOException {
        tree = Digits.testFolder(folder);
        prepared = folder.resolve("prepared");
        settings.put("name", "digits");
        settings.put("backend.name", "torch");
        settings.put("network", "{ name = mlp }");
        settings.put("data.train", "{ format = folder, path = \"" + tree + "\" }");
        settings.put("data.batch-size", "16");
        settings.put("train", "{ epochs = 1, workers = 2 }");
        settings.put("prepare.directory", prepared.toString());
        settings.put("run.directory", folder.resolve("runs").toString());
    }

    private Config config() throws IOException {
        Path empty = Files.writeString(folder.resolve("job.conf"), "");
        return ConfigReader.read(empty.toString(), settings, new Configuration());
    }

    private DatasetManifest prepare(JavaSparkContext spark) throws IOException {
        return new PrepareJob(spark, config()).run();
    }

    private byte[] trainedWeights(JavaSparkContext spark) throws IOException {
        Completed run = new TrainJob(spark, config(), List.of()).run();
        return Files.readAllBytes(Path.of(run.directory(), "model/weights.safetensors"));
    }

    @Test
    void trainingOnPreparedImagesGivesTheSameWeights(JavaSparkContext spark) throws IOException {
        byte[] raw = trainedWeights(spark);
        settings.put("prepare.shard-megabytes", "1");
        DatasetManifest manifest = prepare(spark);
        assertThat(manifest.sets().get("train").images()).isEqualTo(Digits.TEST);
        assertThat(manifest.classes()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(manifest.sets().get("train").perClass()).containsEntry("1", 34L);
        assertThat(manifest.sets().get("train").sizes()).isEqualTo(Map.of(32, 250L));
        assertThat(manifest.sets().get("train").statistics().mean()[0]).isBetween(0.1, 0.16);
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\" }");
        assertThat(trainedWeights(spark)).isEqualTo(raw);
        settings.put("data.train", "{ format = parquet, path = \"" + prepared + "/train\" }");
        assertThat(trainedWeights(spark)).as("other ids").isNotEqualTo(raw);
    }

    @Test
    void pixelsAndDecodedImagesComeBackAsTheyWere(JavaSparkContext spark) throws IOException {
        settings.put(
                "data.train",
                "{ format = idx, images = \"" + Digits.train(folder).images() + "\", labels = \""
                        + Digits.train(folder).labels() + "\" }");
        settings.put("data.resize", "[14, 14]");
        byte[] raw = trainedWeights(spark);
        for (String store : List.of("encoded", "decoded")) {
            settings.put("prepare", "{ store = " + store + ", directory = \"" + prepared + store + "\" }");
            prepare(spark);
            Map<String, String> idx = new HashMap<>(settings);
            settings.put("data.train", "{ format = prepared, path = \"" + prepared + store + "\" }");
            assertThat(trainedWeights(spark)).as(store).isEqualTo(raw);
            settings.putAll(idx);
        }
    }

    @Test
    void badImagesCopiesAndLeaksAreReported(JavaSparkContext spark) throws IOException {
        Path test = folder.resolve("other/3");
        Files.createDirectories(test);
        List<Path> threes;
        try (Stream<Path> files = Files.list(tree.resolve("3"))) {
            threes = files.sorted().toList();
        }
        Files.copy(threes.get(0), test.resolve("leaked.png"));
        Files.copy(threes.get(1), tree.resolve("4/copy of a three.png"));
        Files.writeString(tree.resolve("5/page.jpg"), "<html>");
        settings.put("data.test", "{ format = folder, path = \"" + folder.resolve("other") + "\" }");
        assertThatThrownBy(() -> prepare(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("page.jpg")
                .hasMessageContaining("data.on-bad-image = skip");
        assertThat(prepared).doesNotExist();
        settings.put("data.on-bad-image", "skip");
        DatasetManifest manifest = prepare(spark);
        assertThat(manifest.rejected()).isEqualTo(1);
        assertThat(manifest.duplicates()).isEqualTo(1);
        assertThat(manifest.leaked()).isEqualTo(1);
        assertThat(manifest.sets().get("test").images()).isEqualTo(1);
        assertThat(Files.readAllLines(prepared.resolve("rejects.csv")).get(1)).contains("page.jpg", "<html>");
        List<String> copies = Files.readAllLines(prepared.resolve("duplicates.csv"));
        assertThat(copies.get(0)).isEqualTo("set,id,label,originalSet,originalId,originalLabel");
        assertThat(copies.get(1)).startsWith("train,").contains(",4,train,").endsWith(",3");
        assertThat(copies.get(2)).startsWith("test,0,3,train,");
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\" }");
        settings.put("data.test", "{ format = prepared, path = \"" + prepared + "\", split = test }");
        assertThat(new TrainJob(spark, config(), List.of())
                        .run()
                        .result()
                        .data()
                        .train())
                .isEqualTo(new Result.Split(Digits.TEST + 1, 0));
    }

    /** Twice as many images: those of the first half stay on their side. */
    @Test
    void aSplitDependsOnTheImageAlone(JavaSparkContext spark) throws IOException {
        settings.put("data.split", "{ test = 0.3 }");
        DatasetManifest all = prepare(spark);
        assertThat(all.sets().get("test").images()).isBetween(50L, 100L);
        assertThat(all.leaked()).isZero();
        List<String> whole = names("test");
        for (int digit = 0; digit < 10; digit++) {
            try (Stream<Path> files = Files.list(tree.resolve("" + digit))) {
                for (Path file : files.sorted().skip(10).toList()) {
                    Files.delete(file);
                }
            }
        }
        settings.put("seed", "2");
        settings.put("prepare.directory", folder.resolve("half").toString());
        prepared = folder.resolve("half");
        prepare(spark);
        assertThat(whole).containsAll(names("test")).doesNotContainAnyElementsOf(names("train"));
        assertThatThrownBy(() -> trainedWeights(spark)).hasMessageContaining("format = prepared");
    }

    /** The names in a set's shards, as a column of their own. */
    private List<String> names(String set) throws IOException {
        return new ParquetSource(prepared.resolve(set).toString(), "image", "name", null)
                .list(new Configuration(), List.of())
                .classNames();
    }

    @Test
    void theSameImagesGiveTheSameHashAndTheSeedDecidesTheOrder(JavaSparkContext spark) throws IOException {
        String first = prepare(spark).hash();
        settings.put("prepare.directory", folder.resolve("again").toString());
        assertThat(prepare(spark).hash()).isEqualTo(first);
        settings.put("seed", "2");
        settings.put("prepare.directory", folder.resolve("other").toString());
        assertThat(prepare(spark).hash()).isNotEqualTo(first);
    }

    @Test
    void whatIsThereIsNotOverwrittenAndWhatIsMissingIsNamed(JavaSparkContext spark) throws IOException {
        DatasetManifest manifest = prepare(spark);
        assertThatThrownBy(() -> prepare(spark)).hasMessageContaining("it exists");
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\", split = valid }");
        assertThatThrownBy(() -> trainedWeights(spark))
                .hasMessageContaining("the set valid")
                .hasMessageContaining("[train]");
        Path shard =
                prepared.resolve(manifest.sets().get("train").shards().get(0).file());
        Files.write(shard, new byte[3]);
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\" }");
        assertThatThrownBy(() -> trainedWeights(spark)).hasMessageContaining("part-00000.parquet: it has 3 bytes");
        Files.delete(shard);
        assertThatThrownBy(() -> trainedWeights(spark)).hasMessageContaining("it is missing");
        Files.delete(prepared.resolve("manifest.json"));
        assertThatThrownBy(() -> trainedWeights(spark)).hasMessageContaining("scripts/convoy prepare first");
    }
}
