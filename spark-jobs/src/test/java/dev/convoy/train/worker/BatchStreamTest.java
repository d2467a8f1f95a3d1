package dev.convoy.train.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunkBuilder;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Target;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.augment.GeometricTransform;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.Training;
import dev.convoy.train.BatchLoading;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.sync.SyncSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchStreamTest {
    private static final ImageShape SHAPE = new ImageShape(1, 8, 8);
    private static final int EXAMPLES = 45;
    private static final WorkerLayout LAYOUT = new WorkerLayout(1, EXAMPLES, EXAMPLES, 1);

    /** Images of noise, all of one class. */
    private static WorkerShard shard(int examples) {
        Random random = new Random(1);
        ImageChunkBuilder chunk = new ImageChunkBuilder(SHAPE, false);
        for (int id = 0; id < examples; id++) {
            byte[] pixels = new byte[SHAPE.size()];
            random.nextBytes(pixels);
            chunk.add(id, new Target.ClassIndex(0), pixels);
        }
        return WorkerShard.of(List.of(chunk.build()));
    }

    private static TrainingSpec spec(Shuffle.Kind kind, int threads) {
        Augmentation affine = new Augmentation(
                List.of(new GeometricTransform.Affine().withRotate(30.0).withTranslate(0.2)));
        BatchLoading loading = new BatchLoading(new Shuffle(kind, 16), affine, ClassWeights.NONE, threads);
        return new TrainingSpec(1, 1, 10, new OptimizerSpec.Sgd(), Training.RATE, SyncSpec.gradient(), loading);
    }

    private static BatchStream stream(TrainingSpec spec, WorkerShard shard) {
        EpochPlan plan = spec.plan(LAYOUT, 0);
        return new BatchStream(spec, plan, 0, shard, 1, 0, plan.steps() + 2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void stepsMayBePassedOver(int threads) {
        WorkerShard shard = shard(EXAMPLES);
        for (int first = 0; first < 5; first++) {
            try (BatchStream all = stream(spec(Shuffle.Kind.GLOBAL, 0), shard);
                    BatchStream some = stream(spec(Shuffle.Kind.GLOBAL, threads), shard)) {
                assertThat(some.at(0).orElseThrow().ids())
                        .isEqualTo(all.at(0).orElseThrow().ids());
                for (int step = first + 1; step < 5; step++) {
                    ImageBatch expected = all.at(step).orElseThrow();
                    ImageBatch found = some.at(step).orElseThrow();
                    assertThat(found.ids()).isEqualTo(expected.ids());
                    assertThat(found.pixels()).isEqualTo(expected.pixels());
                }
                assertThat(some.at(5)).as("it has run out").isEmpty();
                assertThat(some.waitedSeconds()).isPositive();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void whatGoesWrongOnALoaderIsWhatTheStepSees(int threads) {
        try (BatchStream missing = stream(spec(Shuffle.Kind.GLOBAL, threads), shard(5))) {
            assertThatThrownBy(() -> missing.at(0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is missing from its worker's chunks");
        }
    }

    /** Two images in 45 draws, each time with other changes. */
    @Test
    void anImageThatComesAgainIsChangedAnew() {
        try (BatchStream balanced = stream(spec(Shuffle.Kind.BALANCED, 0), shard(2))) {
            ImageBatch batch = balanced.at(0).orElseThrow();
            assertThat(LongStream.of(batch.ids()).distinct().count()).isEqualTo(2);
            long different = IntStream.range(0, batch.size())
                    .mapToObj(i -> Arrays.toString(
                            Arrays.copyOfRange(batch.pixels(), i * SHAPE.size(), (i + 1) * SHAPE.size())))
                    .distinct()
                    .count();
            assertThat(different).isEqualTo(batch.size());
        }
    }
}
