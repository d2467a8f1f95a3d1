package dev.convoy.data.rdd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards.Cache;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.data.source.FolderSource;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ParquetSource;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A session whose serializer knows no class of Convoy's and refuses those that it does not know. */
class KryoTest {
    @RegisterExtension
    static final SparkExtension SPARK = new SparkExtension(Map.of(
            "spark.serializer",
            "org.apache.spark.serializer.KryoSerializer",
            "spark.kryo.registrationRequired",
            "true"));

    private static final ImageDecoder DECODER =
            new ImageDecoder(new ImageShape(1, 28, 28), ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.REFUSE);

    @TempDir
    Path folder;

    private ImageListing listing;

    @BeforeEach
    void list() throws IOException {
        Path tree = Digits.testFolder(folder);
        Files.writeString(tree.resolve("3/broken.png"), "<html>");
        listing = new FolderSource(tree.toString()).list(new Configuration(), List.of());
    }

    private static WorkerLayout layout(ImageListing listing) {
        return new WorkerLayout(1, listing.examples(), listing.examples(), 2);
    }

    @Test
    void theSessionRefusesConvoysClasses(JavaSparkContext spark) {
        assertThatThrownBy(() -> spark.parallelize(List.of(1))
                        .map(one -> new ImageShape(one, one, one))
                        .collect())
                .hasMessageContaining("Class is not registered");
    }

    @ParameterizedTest
    @EnumSource(Cache.class)
    void batchesAreGatheredFromEveryCache(Cache cache, JavaSparkContext spark) {
        ShardSpec spec = new ShardSpec(DECODER, layout(listing))
                .withOnBadImage(OnBadImage.SKIP)
                .withCache(cache);
        try (ImageShards shards = ImageShards.of(spark, listing, spec)) {
            assertThat(shards.examples()).isEqualTo(Digits.TEST);
            assertThat(shards.rejected()).hasSize(1);
            ShardOpener opener = shards.opener();
            List<byte[]> pixels = shards.chunks()
                    .mapPartitions(chunks -> {
                        WorkerShard shard = opener.open(chunks);
                        return shard.batches(Digits.TEST).stream()
                                .map(shard::gather)
                                .map(ImageBatch::pixels)
                                .iterator();
                    })
                    .collect();
            assertThat(pixels).hasSize(2);
            assertThat(pixels.get(0).length + pixels.get(1).length).isEqualTo(Digits.TEST * 28 * 28);
            // As blocks that memory has no room for.
            shards.chunks()
                    .map(chunk -> chunk)
                    .persist(StorageLevel.MEMORY_ONLY_SER())
                    .count();
        }
    }

    @Test
    void imagesAreCountedSplitAndCopied(JavaSparkContext spark) throws IOException {
        ImageCensus census = ImageCensus.of(spark, listing, new ImageCensus.Scope(layout(listing), 0.3));
        assertThat(census.entries()).hasSize(Digits.TEST + 1);
        assertThat(ImageCensus.testImages(spark, listing, 0.3).cardinality()).isBetween(1, Digits.TEST - 1);
        CopySelection selection = new CopySelection(listing.count());
        census.entries().stream()
                .filter(image -> image.rejected() == null)
                .forEach(image -> selection.add(image.id(), image.info().shape()));
        ShardedCopy copy = new ShardedCopy(folder.resolve("copy").toString(), "train", 1, 2, Optional.of(DECODER));
        List<DatasetManifest.Shard> written = copy.write(spark, listing, selection);
        assertThat(written.stream().map(DatasetManifest.Shard::images)).containsExactly(125L, 125L);
        ImageListing copied = new ParquetSource(folder.resolve("copy/train").toString(), "image", "label", "id")
                .list(new Configuration(), List.of());
        try (ImageShards shards = ImageShards.of(spark, copied, new ShardSpec(DECODER, layout(copied)))) {
            assertThat(shards.examples()).isEqualTo(Digits.TEST);
        }
    }
}
