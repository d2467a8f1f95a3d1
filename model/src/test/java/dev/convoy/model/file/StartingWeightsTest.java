package dev.convoy.model.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.zoo.NamedNetwork;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartingWeightsTest {
    private static final Network RESNET = NamedNetwork.RESNET18.spec(5).bind(new ImageShape(3, 64, 64));

    @TempDir
    Path folder;

    /** Names as torchvision's own modules give them. */
    @Test
    void tensorsAreFoundUnderTheirNamesInTorchvision() {
        assertThat(Map.of(
                        "conv1.weight", "conv1.weight",
                        "bn1.running_var", "bn1.running_var",
                        "block1.conv2.weight", "layer1.0.conv2.weight",
                        "block3.shortcut.conv1.weight", "layer2.0.downsample.0.weight",
                        "block7.shortcut.bn1.bias", "layer4.0.downsample.1.bias",
                        "block8.bn2.running_mean", "layer4.1.bn2.running_mean",
                        "fc1.bias", "fc.bias"))
                .allSatisfy((own, theirs) ->
                        assertThat(NamedNetwork.RESNET18.torchvisionName(own)).isEqualTo(theirs));
        assertThat(Map.of(
                        "block3.conv3.weight", "layer1.2.conv3.weight",
                        "block4.shortcut.conv1.weight", "layer2.0.downsample.0.weight",
                        "block13.bn3.running_mean", "layer3.5.bn3.running_mean",
                        "block16.conv1.weight", "layer4.2.conv1.weight",
                        "fc1.weight", "fc.weight"))
                .allSatisfy((own, theirs) ->
                        assertThat(NamedNetwork.RESNET50.torchvisionName(own)).isEqualTo(theirs));
        assertThat(NamedNetwork.RESNET50.spec(3).bind(new ImageShape(3, 64, 64)).layout().entries().stream()
                        .filter(entry -> !entry.isBuffer()))
                .as("torchvision's number of tensors")
                .hasSize(161);
        assertThat(NamedNetwork.VGG11.spec(3).bind(new ImageShape(3, 32, 32)).layout().entries().stream()
                        .map(entry -> NamedNetwork.VGG11.torchvisionName(entry.name()))
                        .filter(name -> name.endsWith(".weight")))
                .containsExactly(
                        "features.0.weight",
                        "features.3.weight",
                        "features.6.weight",
                        "features.8.weight",
                        "features.11.weight",
                        "features.13.weight",
                        "features.16.weight",
                        "features.18.weight",
                        "classifier.0.weight",
                        "classifier.3.weight",
                        "classifier.6.weight");
    }

    @Test
    void aFileOfTorchvisionsFillsTheNetwork() throws IOException {
        ModelState trained = RESNET.initialState(1);
        Path file = write(tensors(RESNET, trained, true), true);
        ModelState loaded = read(file, RESNET, StartingWeights.Head.KEEP);
        assertThat(loaded.parameters()).isEqualTo(trained.parameters());
        assertThat(loaded.buffers()).isEqualTo(trained.buffers());
    }

    @Test
    void aReplacedHeadIsDrawnFreshly() throws IOException {
        ModelState trained = RESNET.initialState(1);
        Path file = write(tensors(RESNET, trained, true), false);
        Network other = NamedNetwork.RESNET18.spec(7).bind(RESNET.input());
        ModelState loaded = read(file, other, StartingWeights.Head.REPLACE);
        int head = other.head().tensors().get(0).offset();
        float[] fresh = other.initialState(9).parameters();
        for (int i = 0; i < fresh.length; i++) {
            assertThat(loaded.parameters()[i]).isEqualTo(i < head ? trained.parameters()[i] : fresh[i]);
        }
    }

    @Test
    void everyTensorThatDoesNotFitIsNamed() throws IOException {
        Map<String, Safetensors.Tensor> tensors = tensors(RESNET, RESNET.initialState(1), false);
        tensors.remove("bn1.weight");
        tensors.put("conv1.weight", new Safetensors.Tensor(List.of(2), new float[2]));
        tensors.put("stranger", new Safetensors.Tensor(List.of(1), new float[1]));
        Path file = write(tensors, false);
        assertThatThrownBy(() -> read(file, RESNET, StartingWeights.Head.KEEP))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContainingAll(
                        file.toString(),
                        "bn1.weight should be [64] but is missing",
                        "conv1.weight should be [64, 3, 7, 7] but is [2]",
                        "stranger is not in the network",
                        "replace the head");
    }

    @Test
    void ofManyMismatchesAFewOfEachKindAreNamed() throws IOException {
        Path file = write(Map.of("stranger", new Safetensors.Tensor(List.of(1), new float[1])), false);
        assertThatThrownBy(() -> read(file, RESNET, StartingWeights.Head.KEEP))
                .hasMessageContainingAll("conv1.weight should be", "more like these", "stranger is not in the network")
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(1500));
    }

    /** As programs write them that wrap a network, or call its layers otherwise. */
    @Test
    void namesAreTakenApartAsTold() throws IOException {
        ModelState trained = RESNET.initialState(1);
        Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
        tensors(RESNET, trained, false)
                .forEach((name, tensor) ->
                        tensors.put("module." + (name.equals("conv1.weight") ? "stem.weight" : name), tensor));
        Path file = write(tensors, false);
        StartingWeights.Renaming renaming =
                new StartingWeights.Renaming("module.", Map.of("stem.weight", "conv1.weight"));
        ModelState loaded = StartingWeights.read(
                        FileSystem.getLocal(new Configuration()),
                        new org.apache.hadoop.fs.Path(file.toString()),
                        renaming)
                .putInto(RESNET, Optional.empty(), StartingWeights.Head.KEEP, RESNET.initialState(9));
        assertThat(loaded.parameters()).isEqualTo(trained.parameters());
    }

    private static ModelState read(Path file, Network network, StartingWeights.Head head) throws IOException {
        return StartingWeights.read(
                        FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(file.toString()))
                .putInto(network, Optional.of(NamedNetwork.RESNET18), head, network.initialState(9));
    }

    private static Map<String, Safetensors.Tensor> tensors(Network network, ModelState state, boolean torchvision) {
        Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            float[] values = new float[entry.size()];
            float[] from = entry.isBuffer() ? state.buffers() : state.parameters();
            System.arraycopy(from, entry.offset(), values, 0, values.length);
            String name = torchvision ? NamedNetwork.RESNET18.torchvisionName(entry.name()) : entry.name();
            tensors.put(name, new Safetensors.Tensor(entry.tensor().shape(), values));
        }
        return tensors;
    }

    /** With a counter of batches as PyTorch keeps it: a 64-bit integer, at the end. */
    private Path write(Map<String, Safetensors.Tensor> tensors, boolean counter) throws IOException {
        Path file = folder.resolve("weights.safetensors");
        try (OutputStream out = Files.newOutputStream(file)) {
            Safetensors.write(out, tensors, Map.of());
        }
        if (counter) {
            byte[] all = Files.readAllBytes(file);
            int length =
                    (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
            int data = all.length - 8 - length;
            String header = new String(all, 8, length, StandardCharsets.UTF_8).strip();
            String more = header.substring(0, header.length() - 1)
                    + ",\"bn1.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[" + data + ","
                    + (data + 8) + "]}}";
            ByteBuffer with = ByteBuffer.allocate(8 + more.length() + data + 8).order(ByteOrder.LITTLE_ENDIAN);
            with.putLong(more.length())
                    .put(more.getBytes(StandardCharsets.UTF_8))
                    .put(all, 8 + length, data)
                    .putLong(7);
            Files.write(file, with.array());
        }
        return file;
    }
}
