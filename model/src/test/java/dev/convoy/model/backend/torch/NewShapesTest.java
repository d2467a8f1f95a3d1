package dev.convoy.model.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.Target;
import dev.convoy.model.Network;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class NewShapesTest {
    private static final int SIZES = 100;

    /** Of two replicas that come to new sizes of batches at once, one ended the process in every other run of this test. */
    @Test
    void replicasComeToNewShapesAtOnce() throws Exception {
        Network network = NamedNetwork.LENET.spec(10).bind(new ImageShape(1, 28, 28));
        CyclicBarrier together = new CyclicBarrier(2);
        Callable<List<Integer>> replica = () -> gradients(network, together);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Future<List<Integer>> one = threads.submit(replica);
            Future<List<Integer>> other = threads.submit(replica);
            List<Integer> gradients = one.get(2, TimeUnit.MINUTES);
            assertThat(gradients).hasSize(SIZES);
            assertThat(other.get(2, TimeUnit.MINUTES)).isEqualTo(gradients);
        } finally {
            threads.shutdownNow();
        }
    }

    private static List<Integer> gradients(Network network, CyclicBarrier together) throws Exception {
        List<Integer> gradients = new ArrayList<>();
        try (Replica replica =
                new TorchReplica(network, new Normalization(new float[] {0}, new float[] {1}), Placement.CPU)) {
            replica.parameters().set(network.initialState(1).parameters());
            for (int size = 1; size <= SIZES; size++) {
                together.await(1, TimeUnit.MINUTES);
                replica.train(batch(network.input(), size), new StepKey(1, size, 0));
                gradients.add(Arrays.hashCode(replica.gradient().toArray()));
            }
        }
        return gradients;
    }

    private static ImageBatch batch(ImageShape shape, int size) {
        byte[] pixels = new byte[size * shape.size()];
        new Random(size).nextBytes(pixels);
        return new ImageBatch(
                shape,
                LongStream.range(0, size).toArray(),
                pixels,
                Collections.nCopies(size, new Target.ClassIndex(3)));
    }
}
