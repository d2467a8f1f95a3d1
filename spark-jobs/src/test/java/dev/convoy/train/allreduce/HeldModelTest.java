package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.collective.Collective;
import dev.convoy.collective.CollectiveBackend;
import dev.convoy.collective.CollectiveShape;
import dev.convoy.collective.Compression;
import dev.convoy.collective.MemoryUse;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.GradientAveraging;
import dev.convoy.train.sync.Mean;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.transport.StateBlocks;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class HeldModelTest {
    private static final int STEPS = 3;
    private static final Exchange EXCHANGE = new GradientAveraging();
    private static final OptimizerSpec ADAM = new OptimizerSpec.AdamW();

    /** Three tiles and a part of one, and running statistics. */
    private static final Network NETWORK = new NetworkSpec(List.of(
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dense(520),
                    new LayerSpec.BatchNorm(),
                    new LayerSpec.Dense(10)))
            .bind(new ImageShape(1, 28, 29));

    private static final SumLayout LAYOUT = EXCHANGE.layout(NETWORK.layout(), ADAM.slotCount());

    /** What a member has at the end. */
    private record End(float[] parameters, float[] buffers, List<float[]> slots, double norm) {}

    private static float[] sum(int step) {
        Random random = new Random(step);
        float[] values = new float[LAYOUT.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static LocalTrainer trainer(Replica replica) {
        return new LocalTrainer(replica, NETWORK, ADAM);
    }

    private static Replica replica() {
        Normalization normalization = new Normalization(new float[] {0}, new float[] {1});
        return ComputeBackend.named("torch").newReplica(NETWORK, normalization, Placement.CPU);
    }

    private static TrainingState start() {
        return TrainingState.start(NETWORK.initialState(1), ADAM);
    }

    private static End end(Replica replica, SegmentModel model, boolean measured) {
        double norm = 0;
        for (int step = 0; step < STEPS; step++) {
            norm = model.move(new Mean(FloatBuffer.wrap(sum(step))::slice, LAYOUT, 8), 0.1, step + 1, measured);
        }
        return new End(
                replica.parameters().toArray(),
                replica.buffers().toArray(),
                model.optimizerState().slots(),
                norm);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void membersComeToTheBitsOfOneThatHasItAll(int members) throws Exception {
        End expected;
        try (Replica replica = replica();
                SegmentModel own = new OwnModel(trainer(replica), EXCHANGE, start())) {
            expected = end(replica, own, true);
        }
        CollectiveShape shape = new CollectiveShape(
                IntStream.range(0, members)
                        .mapToObj(rank -> new CollectiveShape.Member("host", List.of(rank)))
                        .toList(),
                LAYOUT.length(),
                0,
                0,
                1,
                HeldModel.lengths(EXCHANGE, LAYOUT.parameters(), ADAM.slotCount()),
                MemoryUse.first(),
                CollectiveBackend.GLOO,
                Compression.NONE,
                10);
        String[] messages = new String[members];
        CyclicBarrier barrier = new CyclicBarrier(members);
        ExecutorService threads = Executors.newFixedThreadPool(members);
        try {
            List<Future<End>> ends = new ArrayList<>();
            for (int i = 0; i < members; i++) {
                int member = i;
                ends.add(threads.submit(() -> member(member, shape, messages, barrier)));
            }
            for (int member = 0; member < members; member++) {
                End found = ends.get(member).get(60, TimeUnit.SECONDS);
                assertThat(found.parameters).isEqualTo(expected.parameters);
                assertThat(found.buffers).isEqualTo(expected.buffers);
                assertThat(found.slots).hasSameSizeAs(expected.slots);
                for (int slot = 0; slot < found.slots.size(); slot++) {
                    assertThat(found.slots.get(slot)).isEqualTo(expected.slots.get(slot));
                }
                assertThat(found.norm).isEqualTo(member == 0 ? expected.norm : 0);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static End member(int member, CollectiveShape shape, String[] messages, CyclicBarrier barrier) {
        List<Integer> allocated = new ArrayList<>();
        try (Replica real = replica();
                Collective collective = new Collective(
                        member,
                        shape,
                        "127.0.0.1",
                        OptionalInt.empty(),
                        channel(member, messages, barrier),
                        () -> false)) {
            Replica replica = watched(real, allocated);
            LocalTrainer trainer = trainer(replica);
            trainer.markBuffers();
            try (SegmentModel model =
                    new HeldModel(trainer, EXCHANGE, collective, NETWORK.layout(), StateBlocks.here(start()), true)) {
                End end = end(replica, model, member == 0);
                assertThat(allocated)
                        .as("what a rank has beside the others")
                        .containsExactlyInAnyOrder(Vector.TILE, NETWORK.layout().bufferCount());
                collective.meet();
                return end;
            }
        }
    }

    /** Notes the lengths of the vectors that a replica is asked to allocate. */
    private static Replica watched(Replica real, List<Integer> allocated) {
        return (Replica) Proxy.newProxyInstance(
                HeldModelTest.class.getClassLoader(), new Class<?>[] {Replica.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("newVector")) {
                        allocated.add((Integer) arguments[0]);
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static Function<String, List<String>> channel(int member, String[] messages, CyclicBarrier barrier) {
        return message -> {
            try {
                messages[member] = message;
                barrier.await(60, TimeUnit.SECONDS);
                List<String> all = List.of(messages.clone());
                barrier.await(60, TimeUnit.SECONDS);
                return all;
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IllegalStateException(e);
            }
        };
    }
}
