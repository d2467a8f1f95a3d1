package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.NearestImages;
import dev.convoy.data.rdd.PickedImages;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.source.FolderSource;
import dev.convoy.data.source.ImageListing;
import dev.convoy.model.ModelState;
import dev.convoy.model.NetworkSpec;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Looks at images of a folder, whose ids go class by class. */
@ExtendWith(SparkExtension.class)
class ExaminationTest {
    private static final int WORKERS = 3;

    @TempDir
    Path folder;

    private ImageShards shards;

    @BeforeEach
    void read(JavaSparkContext spark) throws IOException {
        ImageListing listing =
                new FolderSource(Digits.testFolder(folder).toString()).list(new Configuration(), List.of());
        ImageDecoder decoder = new ImageDecoder(Training.DIGIT, ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.REFUSE);
        WorkerLayout layout = new WorkerLayout(1, listing.examples(), listing.examples(), WORKERS);
        shards = ImageShards.of(spark, listing, new ShardSpec(decoder, layout));
    }

    @AfterEach
    void close() {
        shards.close();
    }

    private static int classOf(ImageBatch batch, int row) {
        return ((Target.ClassIndex) batch.targets().get(row)).index();
    }

    @Test
    void samplesAreOfManyClasses(JavaSparkContext spark) {
        Evaluator evaluator = new Evaluator(spark, Training.replica(Training.SMALL), 50);
        ImageBatch sample = evaluator.sample(shards, 30);
        assertThat(sample.size()).isEqualTo(30);
        assertThat(IntStream.range(0, 30)
                        .map(row -> classOf(sample, row))
                        .distinct()
                        .count())
                .isGreaterThanOrEqualTo(8);
        assertThat(evaluator.sample(shards, 2).size()).isEqualTo(2);
        assertThat(evaluator.sample(shards, 10_000).size()).isEqualTo(Digits.TEST);
    }

    @Test
    void theMostWrongAnswersComeFirst(JavaSparkContext spark) {
        ReplicaSpec replica = Training.replica(Training.SMALL);
        Evaluator evaluator = new Evaluator(spark, replica, 50);
        ModelState drawn = replica.bind().initialState(1);
        GivenAnswers few = evaluator.examine(shards, drawn, 5).answers();
        GivenAnswers all = evaluator.examine(shards, drawn, 1000).answers();
        assertThat(all.samples()).hasSize(Digits.TEST);
        assertThat(few.samples()).isEqualTo(all.samples().subList(0, 5));
        assertThat(few.wrong()).isEqualTo(all.wrong().subList(0, 5));
        assertThat(all.wrong())
                .allMatch(given -> given.truth() != given.answer())
                .isSortedAccordingTo((a, b) -> Double.compare(a.truthProbability(), b.truthProbability()));
        assertThat(all.samples().stream()
                        .limit(20)
                        .map(GivenAnswers.Answer::truth)
                        .distinct()
                        .count())
                .isGreaterThanOrEqualTo(6);
        Map<Long, ImageBatch> pictures = PickedImages.of(
                shards, few.wrong().stream().map(GivenAnswers.Answer::image).toList());
        few.wrong()
                .forEach(given ->
                        assertThat(classOf(pictures.get(given.image().id()), 0)).isEqualTo(given.truth()));
    }

    /** The image itself is nearest to it; of the class that it is asked for. */
    @Test
    void theNearestImageIsFound(JavaSparkContext spark) {
        Evaluator evaluator = new Evaluator(spark, Training.replica(Training.SMALL), 50);
        ImageBatch asked = evaluator.sample(shards, 12);
        int[] own = IntStream.range(0, 12).map(row -> classOf(asked, row)).toArray();
        List<Optional<NearestImages.Found>> same = NearestImages.of(spark, shards, asked, own, 1000);
        for (int i = 0; i < 12; i++) {
            assertThat(same.get(i).orElseThrow().distance()).isZero();
            assertThat(same.get(i).orElseThrow().pick().id()).isEqualTo(asked.ids()[i]);
        }
        int[] other = IntStream.of(own).map(c -> (c + 1) % 10).toArray();
        List<Optional<NearestImages.Found>> found = NearestImages.of(spark, shards, asked, other, 2);
        Map<Long, ImageBatch> pictures = PickedImages.of(
                shards, found.stream().map(one -> one.orElseThrow().pick()).toList());
        for (int i = 0; i < 12; i++) {
            ImageBatch near = pictures.get(found.get(i).orElseThrow().pick().id());
            assertThat(classOf(near, 0)).isEqualTo(other[i]);
            double sum = 0;
            for (int k = 0; k < near.pixels().length; k++) {
                sum += Math.pow((near.pixels()[k] & 0xFF) - (asked.pixels()[i * near.pixels().length + k] & 0xFF), 2);
            }
            assertThat(found.get(i).orElseThrow().distance()).isEqualTo(Math.sqrt(sum));
        }
        assertThat(NearestImages.of(spark, shards, asked, new int[12], 0)).allMatch(Optional::isEmpty);
    }

    @Test
    void gradientsOfFrozenLayersAreNotKnown(JavaSparkContext spark) {
        NetworkSpec frozen = Training.SMALL.withFreeze(List.of("conv1"));
        ReplicaSpec replica = Training.replica(frozen);
        Evaluator evaluator = new Evaluator(spark, replica, 50);
        double[] norms = evaluator.gradientNorms(
                evaluator.sample(shards, 16), replica.bind().initialState(1));
        assertThat(norms).hasSize(4);
        assertThat(norms[0]).isNaN();
        assertThat(norms[1]).isNaN();
        assertThat(norms[2]).isPositive();
        assertThat(norms[3]).isPositive();
    }
}
