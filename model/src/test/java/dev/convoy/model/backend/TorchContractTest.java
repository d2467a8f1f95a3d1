package dev.convoy.model.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageShape;
import dev.convoy.model.Network;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TorchContractTest extends ComputeBackendContract {
    TorchContractTest() {
        super("torch");
    }

    /** Within blocks too; with running statistics and frozen layers. */
    @ParameterizedTest
    @CsvSource({"LENET, '', 1", "RESNET18, '', 15", "RESNET18, 'conv1 bn1 block1', 13"})
    void theGradientComesInAsManyPartsAsItIsWorth(NamedNetwork named, String frozen, int stops) {
        List<String> freeze = frozen.isEmpty() ? List.of() : List.of(frozen.split(" "));
        Network network = named.spec(10).withFreeze(freeze).bind(new ImageShape(3, 28, 28));
        assertThat(partsOf(network)).hasSize(stops);
    }
}
