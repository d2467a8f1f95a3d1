package dev.convoy.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.Target;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.file.onnx.OnnxFile;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The loader for PyTorch, where Python has that: Debian's package is python3-torch. */
@Timeout(120)
class PyTorchTest {
    @TempDir
    Path folder;

    private static Optional<String> pythonWithTorch() throws Exception {
        for (String python : List.of("python3", "/usr/bin/python3")) {
            try {
                if (Examples.run("", List.of(python, "-c", "import torch")).code() == 0) {
                    return Optional.of(python);
                }
            } catch (IOException e) {
                // There is no such Python.
            }
        }
        return Optional.empty();
    }

    /** Every kind of layer, with odd padding. */
    private static Network network() {
        Size2d three = Size2d.square(3);
        Size2d two = Size2d.square(2);
        return new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(6, three)
                                .withStride(two)
                                .withPadding(Padding.SAME)
                                .withoutBias(),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.Relu(),
                        new LayerSpec.Residual(List.of(
                                        new LayerSpec.Conv2d(4, three)
                                                .withPadding(Padding.SAME)
                                                .withGroups(2),
                                        new LayerSpec.LeakyRelu(0.1)))
                                .withShortcut(List.of(new LayerSpec.Conv2d(4, Size2d.square(1)))),
                        new LayerSpec.MaxPool(three).withStride(two).withPadding(Padding.SAME),
                        new LayerSpec.AveragePool(three).withStride(two).withPadding(new Padding.Explicit(1)),
                        new LayerSpec.Dropout(0.3),
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(8),
                        new LayerSpec.Tanh(),
                        new LayerSpec.Dense(3)))
                .bind(new ImageShape(1, 21, 18));
    }

    @Test
    void pytorchAnswersAsConvoyDoes() throws Exception {
        Optional<String> python = pythonWithTorch();
        Assumptions.assumeTrue(python.isPresent(), "there is no PyTorch");
        Network network = network();
        ModelState state = network.initialState(5);
        float[] statistics = state.buffers().clone();
        for (int i = 0; i < statistics.length; i++) {
            statistics[i] = 0.3f + 0.1f * i;
        }
        TrainedModel model = new TrainedModel(
                network,
                List.of("cat", "dog", "eel"),
                new Normalization(new float[] {0.4f}, new float[] {0.3f}),
                Preparation.ANY,
                state.parameters(),
                statistics);
        model.save(FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(folder.toString()));
        byte[] image = OnnxFile.goldenImage(network.input().size());
        Path raw = Files.write(folder.resolve("image.raw"), image);

        Examples.Ended ended = Examples.run(
                "",
                List.of(
                        python.get(),
                        Examples.file("../pytorch/convoy_model.py").toString(),
                        folder.toString(),
                        raw.toString()));
        assertThat(ended.code()).as(ended.output()).isZero();
        JsonNode found = new ObjectMapper().readTree(ended.output());
        double[] expected = answer(model, image);
        for (int c = 0; c < expected.length; c++) {
            assertThat(found.path(model.classNames().get(c)).asDouble()).isCloseTo(expected[c], within(1e-4));
        }
    }

    private static double[] answer(TrainedModel model, byte[] image) {
        try (Replica replica = ComputeBackend.named("torch").newReplica(model.network(), model.normalization())) {
            replica.parameters().set(model.parameters());
            replica.buffers().set(model.buffers());
            // Of one channel, rows and columns are as they are.
            double[] raw = replica.outputs(
                    new ImageBatch(model.network().input(), new long[] {0}, image, List.of(Target.UNKNOWN)));
            return model.network().spec().loss().answers(raw, 0, raw.length);
        }
    }
}
