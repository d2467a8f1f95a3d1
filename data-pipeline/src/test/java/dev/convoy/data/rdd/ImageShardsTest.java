package dev.convoy.data.rdd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageSetInfo;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards.Cache;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import dev.convoy.data.source.CifarSource;
import dev.convoy.data.source.FolderSource;
import dev.convoy.data.source.ImageListing;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(SparkExtension.class)
class ImageShardsTest {
    private static final ImageDecoder DECODER =
            new ImageDecoder(new ImageShape(1, 28, 28), ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.REFUSE);

    @TempDir
    Path folder;

    @Test
    void everyWorkerHoldsItsOwnExamplesWhateverTheFormatAndTheCache(JavaSparkContext spark) throws IOException {
        ImageListing idx = Digits.test(folder).list(new Configuration(), List.of());
        ImageListing tree =
                new FolderSource(Digits.testFolder(folder).toString()).list(new Configuration(), idx.classNames());
        Map<String, Integer> fromIdx = contents(spark, idx, 3, Cache.MEMORY);
        assertThat(fromIdx).isEqualTo(contents(spark, tree, 2, Cache.ENCODED));
        assertThat(fromIdx).isEqualTo(contents(spark, idx, 1, Cache.ENCODED));
        assertThat(fromIdx.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(Digits.TEST);
    }

    /** Colour images without a file of their own, made grey. */
    @Test
    void whatHasNoFileIsCachedAsItIsTrained(JavaSparkContext spark) throws IOException {
        byte[] records = new byte[30 * (1 + 3 * 32 * 32)];
        new Random(1).nextBytes(records);
        for (int i = 0; i < 30; i++) {
            records[i * (1 + 3 * 32 * 32)] = (byte) (i % 2);
        }
        Files.write(folder.resolve("data_batch_1.bin"), records);
        Files.writeString(folder.resolve("batches.meta.txt"), "a\nb\n");
        ImageListing cifar =
                new CifarSource(folder.resolve("data_batch_1.bin").toString()).list(new Configuration(), List.of());
        ImageDecoder grey =
                new ImageDecoder(new ImageShape(1, 20, 24), ImageDecoder.Sizes.STRETCH, ImageDecoder.Colours.TO_GREY);
        assertThat(contents(spark, cifar, grey, 2, Cache.ENCODED))
                .isEqualTo(contents(spark, cifar, grey, 2, Cache.MEMORY))
                .hasSize(30);
    }

    private static Map<String, Integer> contents(
            JavaSparkContext spark, ImageListing listing, int workers, Cache cache) {
        return contents(spark, listing, DECODER, workers, cache);
    }

    /** How often each pair of pixels and class occurs, having checked that each worker can gather its whole plan. */
    private static Map<String, Integer> contents(
            JavaSparkContext spark, ImageListing listing, ImageDecoder decoder, int workers, Cache cache) {
        WorkerLayout layout = new WorkerLayout(7, listing.examples(), listing.examples(), workers);
        Map<String, Integer> contents = new TreeMap<>();
        try (ImageShards shards = ImageShards.of(spark, listing, new ShardSpec(decoder, layout).withCache(cache))) {
            List<List<byte[]>> partitions = shards.chunks().glom().collect();
            assertThat(partitions).hasSize(workers);
            EpochPlan plan = new EpochPlan(7, 0, layout, 16, Shuffle.GLOBAL);
            for (int worker = 0; worker < workers; worker++) {
                WorkerShard shard = WorkerShard.of(partitions.get(worker)).withDecoder(decoder);
                for (int step = 0; step < plan.steps(); step++) {
                    ImageBatch batch = shard.gather(plan.batch(worker, step, shard));
                    for (int i = 0; i < batch.size(); i++) {
                        int from = i * batch.shape().size();
                        String pixels =
                                new String(batch.pixels(), from, batch.shape().size(), StandardCharsets.ISO_8859_1);
                        contents.merge(((Target.ClassIndex) batch.targets().get(i)).index() + pixels, 1, Integer::sum);
                    }
                }
            }
        }
        return contents;
    }

    private static ShardSpec skipping(WorkerLayout layout) {
        return new ShardSpec(DECODER, layout).withOnBadImage(OnBadImage.SKIP);
    }

    @Test
    void measuresTheKnownStatisticsOfDigits(JavaSparkContext spark) throws IOException {
        ImageListing listing = Digits.trainGzip(folder).list(new Configuration(), List.of());
        WorkerLayout layout = new WorkerLayout(1, listing.examples(), listing.examples(), 2);
        try (ImageShards shards = ImageShards.of(spark, listing, new ShardSpec(DECODER, layout))) {
            // All of MNIST has 0.1307 and 0.3081.
            assertThat(shards.measuredNormalization().mean()[0]).isBetween(0.125f, 0.14f);
            assertThat(shards.measuredNormalization().std()[0]).isBetween(0.30f, 0.315f);
        }
    }

    @Test
    void badImagesFailOrAreSkippedAndNamed(JavaSparkContext spark) throws IOException {
        Path tree = Digits.testFolder(folder);
        Files.writeString(tree.resolve("3/broken.png"), "<html>");
        Files.write(tree.resolve("7/empty.png"), new byte[0]);
        ImageListing listing = new FolderSource(tree.toString()).list(new Configuration(), List.of());
        WorkerLayout layout = new WorkerLayout(1, listing.examples(), listing.examples(), 2);
        assertThatThrownBy(() -> ImageShards.of(spark, listing, new ShardSpec(DECODER, layout)))
                .isInstanceOf(SparkException.class)
                .hasRootCauseInstanceOf(UnusableImageException.class)
                .rootCause()
                .hasMessageContaining("or skip bad images");
        try (ImageShards shards = ImageShards.of(spark, listing, skipping(layout))) {
            assertThat(shards.examples()).isEqualTo(Digits.TEST);
            assertThat(shards.perClass()).containsExactlyElementsOf(files(tree, "\\d{5}\\.png"));
            List<RejectedImage> rejected = shards.rejected();
            assertThat(rejected).hasSize(2);
            assertThat(rejected.get(0).name()).endsWith("broken.png");
            assertThat(rejected.get(1).reason()).isEqualTo("the file is empty");
        }
        Digits.writeGrey(tree.resolve("8/wide.png"), 28, 30, new byte[28 * 30]);
        ImageListing more = new FolderSource(tree.toString()).list(new Configuration(), List.of());
        WorkerLayout all = new WorkerLayout(1, more.examples(), more.examples(), 2);
        assertThatThrownBy(() -> ImageShards.of(spark, more, skipping(all)))
                .rootCause()
                .hasMessageContaining("wide.png")
                .hasMessageContaining("28x30")
                .hasMessageContaining("resize images to one size");
    }

    /** The number of files whose names match, in each of a tree's folders. */
    private static List<Long> files(Path tree, String name) throws IOException {
        List<Long> counts = new ArrayList<>();
        for (int digit = 0; digit < 10; digit++) {
            try (Stream<Path> files = Files.list(tree.resolve("" + digit))) {
                counts.add(files.filter(file -> file.getFileName().toString().matches(name))
                        .count());
            }
        }
        return counts;
    }

    @Test
    void onlyBadImagesAreRefusedEvenIfSkipped(JavaSparkContext spark) throws IOException {
        Files.createDirectories(folder.resolve("bad/a"));
        Files.writeString(folder.resolve("bad/a/1.png"), "no image");
        ImageListing listing = new FolderSource(folder.resolve("bad").toString()).list(new Configuration(), List.of());
        assertThatThrownBy(() -> ImageShards.of(spark, listing, skipping(new WorkerLayout(1, 1, 1, 1))))
                .hasMessageContaining("all 1 images were rejected");
        assertThatThrownBy(() -> ListedImages.firstShape(new Configuration(), listing, OnBadImage.SKIP))
                .hasMessageContaining("none of its images can be decoded");
    }

    /** Values to regress, of images that no file holds. */
    @Test
    void anyImagesWithAnyTargetsAreDealt(JavaSparkContext spark) {
        JavaRDD<SourceImage> images = spark.parallelize(List.of(7, 0, 3, 1, 5, 2, 6, 4), 3)
                .map(id -> pixel(id, new Target.Dense(new float[] {id, 2 * id})));
        ShardSpec spec = new ShardSpec(PIXEL, new WorkerLayout(1, 8, 8, 1));
        try (ImageShards shards = ImageShards.of(images, new ImageSetInfo("values", 8, List.of()), spec)) {
            WorkerShard shard = WorkerShard.of(shards.chunks().collect());
            ImageBatch batch = shard.gather(new long[] {6, 1});
            assertThat(batch.pixels()).containsExactly(6, 1);
            assertThat(batch.denseTargets(2)).containsExactly(6, 12, 1, 2);
            assertThat(shards.examples()).isEqualTo(8);
        }
    }

    @ParameterizedTest
    @EnumSource(ImageShards.Cache.class)
    void aTaskOfAnyStageOpensWhatIsKeptAndNothingElse(ImageShards.Cache cache, JavaSparkContext spark)
            throws IOException {
        ImageListing listing = Digits.train(folder).list(new Configuration(), List.of());
        WorkerLayout layout = new WorkerLayout(1, listing.examples(), 30, 3);
        ImageShards shards = ImageShards.of(spark, listing, new ShardSpec(DECODER, layout).withCache(cache));
        ShardOpener opener = shards.opener();
        assertThat(shards.locations())
                .hasSize(3)
                .allSatisfy(
                        places -> assertThat(places).singleElement().asString().startsWith("executor_"));
        assertThat(opened(spark, opener)).containsExactly(10, 10, 10);
        shards.close();
        assertThat(shards.locations()).hasSize(3).allSatisfy(places -> assertThat(places)
                .isEmpty());
        assertThat(opened(spark, opener)).containsExactly(0, 0, 0);
    }

    /** The number of images of each of three workers, as a single task finds them. */
    private static List<Integer> opened(JavaSparkContext spark, ShardOpener opener) {
        return spark.parallelize(List.of(0, 1, 2), 1)
                .map(worker -> opener.openCached(worker)
                        .map(shard -> shard.batches(1).size())
                        .orElse(0))
                .collect();
    }

    private static final ImageDecoder PIXEL =
            new ImageDecoder(new ImageShape(1, 1, 1), ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.REFUSE);

    private static SourceImage pixel(long id, Target target) {
        SourceImage.Data data = new SourceImage.Data.Pixels(new ImageShape(1, 1, 1), new byte[] {(byte) id});
        return new SourceImage(id, "pixel " + id, target, data);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0,1,1,3 | two images with the id 1",
                "0,1,3   | only 3 are there",
                "0,1,2,4 | its id is 4",
                "0,1,2,3 | its class index is 3"
            })
    void idsAndClassesThatDoNotFitAreRefused(String ids, String reason, JavaSparkContext spark) {
        List<Integer> given =
                Stream.of(ids.strip().split(",")).map(Integer::valueOf).toList();
        JavaRDD<SourceImage> images = spark.parallelize(given).map(id -> pixel(id, new Target.ClassIndex(id)));
        List<String> classNames = reason.contains("class") ? List.of("a", "b", "c") : List.of("a", "b", "c", "d", "e");
        ShardSpec spec = new ShardSpec(PIXEL, new WorkerLayout(1, 4, 4, 2));
        assertThatThrownBy(() -> ImageShards.of(images, new ImageSetInfo("pixels", 4, classNames), spec))
                .satisfies(failure -> assertThat(
                                ExceptionUtils.getRootCause(failure) == null
                                        ? failure
                                        : ExceptionUtils.getRootCause(failure))
                        .isInstanceOf(ConvoyException.class)
                        .hasMessageContaining(reason));
    }

    @Test
    void aLimitLeavesTheRestOut(JavaSparkContext spark) throws IOException {
        ImageListing listing = Digits.train(folder).list(new Configuration(), List.of());
        WorkerLayout layout = new WorkerLayout(1, listing.examples(), 30, 4);
        try (ImageShards shards = ImageShards.of(spark, listing, new ShardSpec(DECODER, layout))) {
            assertThat(shards.examples()).isEqualTo(30);
        }
    }
}
