package dev.convoy.model.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.NamedNetwork;
import dev.convoy.model.TestBatches;
import dev.convoy.model.backend.Replica;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class TorchBackendTest {
    /** Bounds that hold in the running process, whatever the environment says. */
    @Test
    void aReplicaUsesOneThread() throws InterruptedException {
        long[] threads = new long[3];
        ImageShape shape = new ImageShape(1, 4, 4);
        Normalization normalization = new Normalization(new float[] {0}, new float[] {1});
        Thread owner = new Thread(() -> {
            try (Replica replica =
                    new TorchBackend().newReplica(NamedNetwork.MLP.spec(3).bind(shape), normalization)) {
                replica.outputs(TestBatches.classes(shape, 2, 3));
                threads[0] = torch.get_num_threads();
                threads[1] = torch.get_num_interop_threads();
                threads[2] = openblas.blas_get_num_threads();
            }
        });
        owner.start();
        owner.join(60_000);
        assertThat(threads).containsExactly(1, 1, 1);
    }
}
