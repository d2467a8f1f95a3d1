package dev.convoy.model.backend.dl4j;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.zoo.NamedNetwork;
import org.junit.jupiter.api.Test;

class Dl4jBackendTest {
    private static final Network NETWORK = NamedNetwork.MLP.spec(3).bind(new ImageShape(1, 4, 4));

    @Test
    void whatItCannotDoIsSaidWithWhatCan() {
        Placement cuda = new Placement(Placement.Device.CUDA, Placement.ANY, Placement.Precision.FP32);
        Normalization normalization = new Normalization(new float[] {0}, new float[] {1});
        assertThatThrownBy(() -> new Dl4jBackend().newReplica(NETWORK, normalization, cuda))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContainingAll("the device cuda", "-Pnd4j-cuda", "use the backend torch");
        assertThatThrownBy(() -> Dl4jBackend.checkDevice(Placement.Device.CPU, true))
                .hasMessageContainingAll("the device cpu", "without -Pnd4j-cuda");
        Placement half = new Placement(Placement.Device.CPU, Placement.ANY, Placement.Precision.BF16);
        assertThatThrownBy(() -> new Dl4jBackend().checkSupport(NETWORK, half))
                .hasMessageContainingAll("bf16", "use fp32, or the backend torch");
    }

    @Test
    void gpusThatItsNativesHaveNoCodeForAreRefused() {
        Dl4jBackend.checkComputeCapability(3, 7);
        Dl4jBackend.checkComputeCapability(8, 9);
        assertThatThrownBy(() -> Dl4jBackend.checkComputeCapability(3, 5)).hasMessageContaining("3.5");
        assertThatThrownBy(() -> Dl4jBackend.checkComputeCapability(9, 0))
                .hasMessageContainingAll("compute capability 9.0", "use the backend torch");
    }
}
