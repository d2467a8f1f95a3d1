package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import dev.convoy.train.EpochReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** What jobs do about images that cannot be used. */
@ExtendWith(SparkExtension.class)
class RejectsTest {
    @TempDir
    Path folder;

    private Path tree;
    private final Map<String, String> settings = new LinkedHashMap<>();

    @BeforeEach
    void configure() throws IOException {
        tree = Digits.testFolder(folder);
        settings.put("name", "digits");
        settings.put("backend.name", "torch");
        settings.put("network", "mlp");
        settings.put("data.train", "{ format = folder, path = \"" + tree + "\" }");
        settings.put("data.batch-size", "16");
        settings.put("data.on-bad-image", "skip");
        settings.put("train", "{ epochs = 1, workers = 2 }");
        settings.put("prepare.directory", folder.resolve("prepared").toString());
        settings.put("run.directory", folder.resolve("runs").toString());
    }

    private Config config() throws IOException {
        Path empty = Files.writeString(folder.resolve("job.conf"), "");
        return ConfigReader.read(empty.toString(), settings, new Configuration());
    }

    private FinishedRun train(JavaSparkContext spark) throws IOException {
        return new TrainJob(spark, config(), List.of()).run();
    }

    private static List<String> rejects(String directory) throws IOException {
        return Files.readAllLines(Path.of(directory, "rejects.csv"));
    }

    @Test
    void ofTwoEqualSourcesBothAreListed(JavaSparkContext spark) throws IOException {
        Files.writeString(tree.resolve("3/page.png"), "<html>");
        Files.write(tree.resolve("7/empty.png"), new byte[0]);
        settings.put("data.test", settings.get("data.train"));
        FinishedRun run = train(spark);
        Result.Split split = new Result.Split(Digits.TEST, 2);
        assertThat(run.result().data().train()).isEqualTo(split);
        assertThat(run.result().data().test()).isEqualTo(split);
        assertThat(run.result().data().copies()).isEqualTo(new Result.Copies(0L, 0L, (long) Digits.TEST));
        EpochReport.Ledger ledger = run.result().ledger().get(0);
        assertThat(ledger).isEqualTo(new EpochReport.Ledger(Digits.TEST + 2, Digits.TEST, 2, 0, 0, 0, 0));
        assertBothListed(rejects(run.directory()));

        DatasetManifest manifest = new PrepareJob(spark, config()).run();
        assertThat(manifest.rejected()).isEqualTo(4);
        assertThat(manifest.leaked()).isEqualTo(Digits.TEST);
        assertBothListed(rejects(settings.get("prepare.directory")));
    }

    private static void assertBothListed(List<String> lines) {
        assertThat(lines).hasSize(5);
        for (int set = 0; set < 2; set++) {
            String name = set == 0 ? "train," : "test,";
            assertThat(lines.get(1 + 2 * set))
                    .startsWith(name)
                    .contains("3/page.png", "a web page")
                    .doesNotContain("<html>");
            assertThat(lines.get(2 + 2 * set)).startsWith(name).contains("7/empty.png", "the file is empty");
        }
    }

    @Test
    void aListMayNameFilesThatAreNotThereAndOthersTwice(JavaSparkContext spark) throws IOException {
        List<String> lines = new ArrayList<>(List.of("path,label", "gone.png,3", "tree/4/gone.png,4"));
        try (Stream<Path> images = Files.walk(tree)) {
            images.filter(Files::isRegularFile).sorted().forEach(image -> {
                String label = image.getParent().getFileName().toString();
                lines.add("tree/" + tree.relativize(image) + "," + label);
            });
        }
        lines.add(lines.get(3));
        Path list = Files.write(folder.resolve("list.csv"), lines);
        settings.put("data.train", "{ format = list, path = \"" + list + "\" }");
        FinishedRun run = train(spark);
        assertThat(run.result().data().train()).isEqualTo(new Result.Split(Digits.TEST + 1, 2));
        assertThat(run.result().data().copies()).isEqualTo(new Result.Copies(1L, null, null));
        List<String> rejects = rejects(run.directory());
        assertThat(rejects).hasSize(3);
        assertThat(rejects.get(1)).startsWith("train,0,").contains("gone.png", "cannot be read");
        assertThat(rejects.get(2)).startsWith("train,1,").contains("4/gone.png", "cannot be read");
        DatasetManifest manifest = new PrepareJob(spark, config()).run();
        assertThat(manifest.rejected()).isEqualTo(2);
        assertThat(manifest.duplicates()).isEqualTo(1);
        assertThat(manifest.sets().get("train").images()).isEqualTo(Digits.TEST + 1);
    }

    /** 0.29 * 100 is less than 29 for computers. */
    @Test
    void theLargestFractionIsAllowedAndNotOneMore(JavaSparkContext spark) throws IOException {
        List<Path> images;
        try (Stream<Path> files = Files.walk(tree)) {
            images = files.filter(Files::isRegularFile).sorted().toList();
        }
        Path few = folder.resolve("few");
        for (int i = 0; i < 100; i++) {
            Path image = images.get(i);
            Path copy = few.resolve(tree.relativize(image));
            Files.createDirectories(copy.getParent());
            Files.write(copy, i % 3 == 0 && i < 87 ? new byte[0] : Files.readAllBytes(image));
        }
        settings.put("data.train", "{ format = folder, path = \"" + few + "\" }");
        settings.put("data.max-bad-fraction", "0.29");
        assertThat(train(spark).result().data().train()).isEqualTo(new Result.Split(71, 29));
        assertThat(new PrepareJob(spark, config()).run().rejected()).isEqualTo(29);
        settings.put("prepare.directory", folder.resolve("more").toString());
        Files.write(few.resolve("0/one more.png"), new byte[0]);
        for (String fraction : List.of("0.29", "0")) {
            settings.put("data.max-bad-fraction", fraction);
            assertThatThrownBy(() -> train(spark))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("30 of 101 images were rejected");
            assertThatThrownBy(() -> new PrepareJob(spark, config()).run())
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("30 of 101 images were rejected");
        }
    }

    /** It is on one side; the other set goes without it, and so does training if need be. */
    @Test
    void aClassMayHaveASingleImage(JavaSparkContext spark) throws IOException {
        Path solo = Files.createDirectories(tree.resolve("solo")).resolve("x.png");
        Digits.writeGrey(solo, 28, 28, new byte[784]);
        assertThat(train(spark).result().data().classes()).isEqualTo(11);
        for (String share : List.of("0.1", "0.9")) {
            Path prepared = folder.resolve("prepared" + share);
            Map<String, String> before = new LinkedHashMap<>(settings);
            settings.put("prepare.directory", prepared.toString());
            settings.put("data.split", "{ test = " + share + " }");
            Map<String, DatasetManifest.ImageSet> sets =
                    new PrepareJob(spark, config()).run().sets();
            String side = share.equals("0.1") ? "train" : "test";
            sets.forEach((set, images) ->
                    assertThat(images.perClass()).as(set).containsEntry("solo", set.equals(side) ? 1L : 0L));
            settings.put("data.split", "null");
            settings.put("data.train", "{ format = prepared, path = \"" + prepared + "\" }");
            settings.put("data.test", "{ format = prepared, path = \"" + prepared + "\", split = test }");
            Result result = train(spark).result();
            assertThat(result.data().classes()).isEqualTo(11);
            assertThat(result.test().classes().get(10).support()).isEqualTo(side.equals("test") ? 1 : 0);
            settings.clear();
            settings.putAll(before);
        }
    }
}
