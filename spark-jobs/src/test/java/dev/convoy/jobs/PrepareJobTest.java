package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.decode.Preparation;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.data.source.ParquetSource;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.storage.ProcessId;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
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
        FinishedRun run = new TrainJob(spark, config(), List.of()).run();
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
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "decoded\" }");
        settings.remove("data.resize");
        FinishedRun run = new TrainJob(spark, config(), List.of()).run();
        TrainedModel model = TrainedModel.load(
                FileSystem.getLocal(new Configuration()),
                new org.apache.hadoop.fs.Path(run.directory(), RunDirectory.MODEL));
        assertThat(model.preparation())
                .as("as others are to be prepared")
                .isEqualTo(new Preparation(ImageDecoder.Sizes.STRETCH, ImageDecoder.Colours.REFUSE));
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
        assertThat(Files.readAllLines(prepared.resolve("rejects.csv")).get(1)).contains("page.jpg", "a web page");
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
        byte[] fromSource = trainedWeights(spark);
        assertThat(result(spark).data().test().examples())
                .isEqualTo(names("test").size());
        settings.put("data.split", "null");
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\" }");
        assertThat(trainedWeights(spark))
                .as("training splits as preparing does")
                .isEqualTo(fromSource);
    }

    private Result result(JavaSparkContext spark) throws IOException {
        return new TrainJob(spark, config(), List.of()).run().result();
    }

    /** So that what training is normalised with tells nothing of the images it is tested on. */
    @Test
    void eachSetHasStatisticsOfItsOwn(JavaSparkContext spark) throws IOException {
        settings.put("data.split", "{ test = 0.3 }");
        DatasetManifest manifest = prepare(spark);
        assertThat(manifest.sets().get("train").statistics().mean())
                .isNotEqualTo(manifest.sets().get("test").statistics().mean());
    }

    @Test
    void aSampleIsPreparedWhereOneIsAskedFor(JavaSparkContext spark) throws IOException {
        settings.put("data.train", "{ format = folder, path = \"" + tree + "\", limit = 40 }");
        byte[] raw = trainedWeights(spark);
        assertThat(prepare(spark).sets().get("train").images()).isEqualTo(40);
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\" }");
        assertThat(trainedWeights(spark)).as("other ids").isNotEqualTo(raw);
    }

    @Test
    void whatSomebodyElseWritesIsLeftAlone(JavaSparkContext spark) throws IOException {
        Path claim = folder.resolve(".prepared.claim");
        Files.writeString(claim, "elsewhere 1 2026-01-01T00:00:00Z id");
        assertThatThrownBy(() -> prepare(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("another process does (elsewhere 1")
                .hasMessageContaining(claim.toString());
        assertThat(claim).exists();
        ProcessId own = ProcessId.current();
        // A container that is called as this host is, where another process may have any number.
        Files.writeString(claim, own.host() + " 2147483646 2026-01-01T00:00:00Z boot/pid:[1]/1 id");
        assertThatThrownBy(() -> prepare(spark))
                .hasMessageContaining("another process does (" + own.host() + " 2147483646 2026-01-01T00:00:00Z)");
        Files.delete(claim);
        Files.createDirectory(claim);
        assertThatThrownBy(() -> prepare(spark)).hasMessageContaining(claim + " is a folder");
        Files.delete(claim);
        Files.writeString(claim, own.host() + " 2147483646 2026-01-01T00:00:00Z " + own.mark() + "0 id");
        // That was a process of this host that is no more.
        Path left = Files.createDirectories(folder.resolve("_prepared.id/train"));
        prepare(spark);
        assertThat(claim).doesNotExist();
        assertThat(left.getParent()).as("what that process had written").doesNotExist();
        assertThat(prepared.resolve("manifest.json")).exists();
    }

    /** Each change of a prepared set that would be trained on without a word, or looked for without an end. */
    @Test
    void aSetThatIsNotWhatItsManifestSaysIsRefused(JavaSparkContext spark) throws IOException {
        DatasetManifest manifest = prepare(spark);
        Path shard =
                prepared.resolve(manifest.sets().get("train").shards().get(0).file());
        Files.deleteIfExists(shard.resolveSibling("." + shard.getFileName() + ".crc"));
        byte[] sound = Files.readAllBytes(shard);
        settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\" }");
        byte[] weights = trainedWeights(spark);

        Files.write(prepared.resolve("train/part-99999.parquet"), sound);
        assertThat(trainedWeights(spark))
                .as("a file that the manifest does not name")
                .isEqualTo(weights);

        byte[] flipped = sound.clone();
        flipped[sound.length / 2] ^= 1;
        Files.write(shard, flipped);
        assertThatThrownBy(() -> trainedWeights(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(shard.getFileName().toString());
        Files.write(shard, sound);

        String text = Files.readString(prepared.resolve("manifest.json"));
        assertManifestRefused(spark, text.replaceFirst("\"format\" : 1", "\"format\" : 2"), "its format is 2");
        assertManifestRefused(spark, "null", "its format is none");
        assertManifestRefused(spark, text.replace("train/part", "train/../part"), "names a shard that is none");
        assertManifestRefused(spark, text.replaceFirst("\"1\" : 34", "\"1\" : 33"), "34 images of 1");
        String hash = manifest.sets().get("train").shards().get(0).groups().get(0);
        assertManifestRefused(spark, text.replace(hash, "0".repeat(64)), "not what the manifest says (SHA-256)");
        Files.writeString(prepared.resolve("manifest.json"), text);
        assertThat(trainedWeights(spark)).isEqualTo(weights);
    }

    private void assertManifestRefused(JavaSparkContext spark, String manifest, String reason) throws IOException {
        Files.deleteIfExists(prepared.resolve(".manifest.json.crc"));
        Files.writeString(prepared.resolve("manifest.json"), manifest);
        assertThatThrownBy(() -> trainedWeights(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(reason);
    }

    /** A shard of a larger set in the folder of a smaller one: its ids would be walked after for ever. */
    @Test
    void aShardOfAnotherSetIsRefused(JavaSparkContext spark) throws IOException {
        settings.put("data.train", "{ format = folder, path = \"" + tree + "\", limit = 100 }");
        prepare(spark);
        Path small = prepared;
        settings.put("data.train", "{ format = folder, path = \"" + tree + "\" }");
        settings.put("prepare.directory", folder.resolve("large").toString());
        prepare(spark);
        String file = "train/part-00000.parquet";
        Files.deleteIfExists(small.resolve("train/.part-00000.parquet.crc"));
        Files.copy(folder.resolve("large").resolve(file), small.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        String manifest = Files.readString(small.resolve("manifest.json"));
        Files.deleteIfExists(small.resolve(".manifest.json.crc"));
        Files.writeString(
                small.resolve("manifest.json"),
                manifest.replaceFirst("\"bytes\" : [0-9]+", "\"bytes\" : " + Files.size(small.resolve(file))));
        settings.put("data.train", "{ format = prepared, path = \"" + small + "\" }");
        assertThatThrownBy(() -> trainedWeights(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("the manifest says 100");
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
