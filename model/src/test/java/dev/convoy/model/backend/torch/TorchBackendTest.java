package dev.convoy.model.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.TestBatches;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.List;
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

    /** A graphics card is not at hand where tests run; what is wrong without one can be told all the same. */
    @Test
    void withoutAGpuTheErrorSaysWhatIsMissing() {
        Network network = NamedNetwork.MLP.spec(3).bind(new ImageShape(1, 4, 4));
        Normalization normalization = new Normalization(new float[] {0}, new float[] {1});
        assumeFalse(torch.cuda_is_available());
        Placement cuda = new Placement(Placement.Device.CUDA, Placement.ANY, Placement.Precision.FP32);
        assertThatThrownBy(() -> new TorchBackend().newReplica(network, normalization, cuda))
                .isInstanceOf(ConvoyException.class)
                .hasMessage(Devices.whyNone(false));
        assertThat(Devices.whyNone(false)).contains("-Ptorch-cuda");
        assertThat(Devices.whyNone(true)).contains("nvidia-smi", "CUDA 13");
        Placement auto = new Placement(Placement.Device.AUTO, Placement.ANY, Placement.Precision.FP32);
        new TorchBackend().newReplica(network, normalization, auto).close();
    }

    /** Eight bits of mantissa in convolutions and dense layers; weights and statistics stay in single precision. */
    @Test
    void bfloat16IsCloseToSinglePrecisionAndLearns() {
        Network network = NamedNetwork.RESNET20.spec(4).bind(new ImageShape(3, 16, 16));
        ImageBatch batch = TestBatches.classes(network.input(), 16, 4);
        Placement bf16 = new Placement(Placement.Device.CPU, Placement.ANY, Placement.Precision.BF16);
        double[][] losses = new double[2][];
        int i = 0;
        for (Placement placement : List.of(Placement.CPU, bf16)) {
            losses[i++] = train(network, batch, placement);
        }
        assertThat(losses[1][0]).isNotEqualTo(losses[0][0]).isCloseTo(losses[0][0], within(0.02 * losses[0][0]));
        assertThat(losses[1][10]).isLessThan(losses[1][0] / 2);
    }

    private static double[] train(Network network, ImageBatch batch, Placement placement) {
        float[] half = {0.5f, 0.5f, 0.5f};
        OptimizerSpec optimizer = new OptimizerSpec.Momentum();
        try (Replica replica = new TorchBackend().newReplica(network, new Normalization(half, half), placement)) {
            LocalTrainer trainer = new LocalTrainer(replica, network, optimizer);
            trainer.load(
                    network.initialState(1),
                    optimizer.initialState(network.layout().parameterCount()));
            double[] losses = new double[11];
            for (int step = 0; step < losses.length; step++) {
                losses[step] =
                        trainer.step(batch, new StepKey(1, step, 0), 0.05).getAsDouble();
            }
            return losses;
        }
    }
}
