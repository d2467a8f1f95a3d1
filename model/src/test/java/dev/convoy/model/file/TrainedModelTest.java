package dev.convoy.model.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainedModelTest {
    private static final NetworkSpec SPEC = new NetworkSpec(List.of(
                    new LayerSpec.Conv2d(2, new Size2d(3, 2))
                            .withStride(new Size2d(2, 1))
                            .withPadding(Padding.SAME)
                            .withoutBias()
                            .withInitializer(new Initializer.He()),
                    new LayerSpec.BatchNorm(0.2, 1e-4),
                    new LayerSpec.LeakyRelu(0.3),
                    new LayerSpec.MaxPool(Size2d.square(2)).withPadding(new Padding.Explicit(1)),
                    new LayerSpec.AveragePool(Size2d.square(2)),
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dropout(0.5),
                    new LayerSpec.Dense(3).withInitializer(new Initializer.Normal(0.0, 0.2)),
                    new LayerSpec.Tanh(),
                    new LayerSpec.Softmax()))
            .withLoss(Loss.SQUARED_ERROR)
            .withInitializer(new Initializer.Xavier());

    @TempDir
    Path folder;

    private FileSystem files;
    private org.apache.hadoop.fs.Path model;

    @BeforeEach
    void save() throws IOException {
        files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        files.setVerifyChecksum(false);
        model = new org.apache.hadoop.fs.Path(folder.toString(), "model");
        original().save(files, model);
    }

    static TrainedModel original() {
        Network network = SPEC.bind(new ImageShape(1, 8, 8));
        ModelState state = network.initialState(5);
        return new TrainedModel(
                network,
                List.of("a", "b", "ü"),
                new Normalization(new float[] {0.1f}, new float[] {0.3f}),
                new Preparation(Sizes.CROP, Colours.REFUSE),
                state.parameters(),
                state.buffers());
    }

    /** Models of other programs, and of earlier versions. */
    @Test
    void takesAnyImageWhereTheModelDoesNotSay() throws IOException {
        Path description = folder.resolve("model/model.json");
        String json = Files.readString(description);
        assertThat(json).contains("\"images\"");
        Files.writeString(description, json.replaceFirst("(?s)\"images\" *: *\\{.*?\\},", ""));
        assertThat(TrainedModel.load(files, model).preparation()).isEqualTo(Preparation.ANY);
    }

    @Test
    void isFoundInARunDirectory() throws IOException {
        org.apache.hadoop.fs.Path run = model.getParent();
        assertThat(TrainedModel.folder(files, run)).isEqualTo(model);
        assertThat(TrainedModel.folder(files, model)).isEqualTo(model);
    }

    @Test
    void comesBackAsItWas() throws IOException {
        TrainedModel loaded = TrainedModel.load(files, model);
        TrainedModel original = original();
        assertThat(loaded.parameters()).isEqualTo(original.parameters());
        assertThat(loaded.buffers()).isEqualTo(original.buffers());
        assertThat(loaded.classNames()).isEqualTo(original.classNames());
        assertThat(loaded.normalization()).isEqualTo(original.normalization());
        assertThat(loaded.preparation()).isEqualTo(original.preparation());
        assertThat(loaded.network().spec()).isEqualTo(SPEC);
        assertThat(loaded.network().input()).isEqualTo(new ImageShape(1, 8, 8));
    }

    /** The layout of bytes that the format's specification gives. */
    @Test
    void isTheSafetensorsFormat() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Safetensors.write(out, Map.of("x", new Safetensors.Tensor(List.of(1, 2), new float[] {1, -2})), Map.of());
        ByteBuffer bytes = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) bytes.getLong();
        String header = new String(out.toByteArray(), 8, length, StandardCharsets.UTF_8);
        assertThat(length % 8).isZero();
        assertThat(header.strip())
                .isEqualTo("{\"__metadata__\":{},\"x\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}");
        assertThat(bytes.getFloat(8 + length)).isEqualTo(1);
        assertThat(bytes.getFloat(8 + length + 4)).isEqualTo(-2);
        assertThat(out.size()).isEqualTo(8 + length + 8);
    }

    @Test
    void equalContentGivesEqualBytes() throws IOException {
        Map<String, Safetensors.Tensor> tensors = Map.of("a", new Safetensors.Tensor(List.of(1), new float[] {1}));
        Map<String, String> oneOrder = new LinkedHashMap<>();
        Map<String, String> theOther = new LinkedHashMap<>();
        for (int i = 0; i < 5; i++) {
            oneOrder.put("key" + i, "value");
            theOther.put("key" + (4 - i), "value");
        }
        ByteArrayOutputStream one = new ByteArrayOutputStream();
        ByteArrayOutputStream other = new ByteArrayOutputStream();
        Safetensors.write(one, tensors, oneOrder);
        Safetensors.write(other, tensors, theOther);
        assertThat(one.toByteArray()).isEqualTo(other.toByteArray());
    }

    @Test
    void missingAndMisshapenTensorsAreNamed() throws IOException {
        rewriteHeader("\"fc1.bias\"", "\"fc9.bias\"");
        assertRefused("fc1.bias should be [3] but is missing");
        original().save(files, model);
        rewriteHeader("\"shape\":[2,1,3,2]", "\"shape\":[1,2,3,2]");
        assertRefused("conv1.weight should be [2, 1, 3, 2] but is [1, 2, 3, 2]");
    }

    @Test
    void malformedWeightsAreRefused() throws IOException {
        Path weights = folder.resolve("model/weights.safetensors");
        byte[] all = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(all, all.length - 1));
        assertRefused("cut short");
        Files.write(weights, Arrays.copyOf(all, 5));
        assertRefused("cut short");
        assertHeaderRefused(Long.MAX_VALUE, "", "9223372036854775807 bytes");
        assertHeaderRefused(4, "{{{{", "not JSON");
        String overlapping = "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}";
        assertHeaderRefused(overlapping.length(), overlapping, "without gaps");
        String huge = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2000000000],\"data_offsets\":[0,8000000000]}}";
        assertHeaderRefused(huge.length(), huge, "the tensor x");
        String overflowing =
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2000000000,2000000000,2000000000],\"data_offsets\":[0,4]}}";
        assertHeaderRefused(overflowing.length(), overflowing, "the tensor x");
    }

    /** The halves of single precision: 1.5, -2, the smallest number, and what is not one. */
    @Test
    void halfPrecisionIsReadAsSingle() throws IOException {
        short[] f16 = {0x3E00, (short) 0xC000, 0x0001, 0x7BFF};
        assertThat(halves("F16", f16)).containsExactly(1.5f, -2, 0x1p-24f, 65504);
        assertThat(halves("F16", new short[] {0x7C00, (short) 0xFC00, 0x7E00, 0}))
                .containsExactly(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 0);
        assertThat(halves("BF16", new short[] {0x3FC0, (short) 0xC000, 0x0080, 0x7F7F}))
                .containsExactly(1.5f, -2, Float.MIN_NORMAL, Float.intBitsToFloat(0x7F7F0000));
    }

    private static float[] halves(String type, short[] values) throws IOException {
        String header = "{\"x\":{\"dtype\":\"" + type + "\",\"shape\":[4],\"data_offsets\":[0,8]}}";
        ByteBuffer file = ByteBuffer.allocate(16 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length()).put(header.getBytes(StandardCharsets.UTF_8));
        for (short value : values) {
            file.putShort(value);
        }
        return Safetensors.read(new ByteArrayInputStream(file.array()), "x", name -> true)
                .get("x")
                .values();
    }

    @Test
    void whatFollowsTheLastTensorIsNoticed() throws IOException {
        Path weights = folder.resolve("model/weights.safetensors");
        byte[] all = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(all, all.length + 1));
        assertRefused("goes on behind its last tensor");
    }

    /** A tree of it would fill any heap. */
    @Test
    void aHeaderOfTooManyTensorsIsRefused() {
        StringBuilder header = new StringBuilder("{\"0\":{}");
        for (int i = 1; i <= 100_000; i++) {
            header.append(",\"").append(i).append("\":{}");
        }
        assertHeaderRefused(header.length() + 1, header + "}", "more than 100000 tensors");
    }

    @Test
    void valuesThatAreNotFiniteAreRefused() throws IOException {
        Path weights = folder.resolve("model/weights.safetensors");
        byte[] all = Files.readAllBytes(weights);
        ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).putFloat(all.length - 4, Float.NaN);
        Files.write(weights, all);
        assertRefused("has values that are not finite");
    }

    /** Before memory is given to what the description claims. */
    @Test
    void aDescriptionOfAHugeNetworkIsRefusedByItsSmallFile() throws IOException {
        Path description = folder.resolve("model/model.json");
        String json = Files.readString(description);
        Files.writeString(description, json.replaceFirst("\"units\" : 3", "\"units\" : 50000000"));
        assertRefused("but the network has 50000000 outputs");
    }

    @Test
    void anIncompleteDescriptionIsRefused() throws IOException {
        Path description = folder.resolve("model/model.json");
        for (String json : List.of("null", "{\"format\":\"convoy-model-1\"}")) {
            Files.writeString(description, json);
            assertRefused("it lacks input, classes, normalization, network or a part of images");
        }
    }

    @Test
    void aMissingModelIsNamed() {
        assertThatThrownBy(() -> TrainedModel.load(files, new org.apache.hadoop.fs.Path("/none")))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("/none/model.json");
    }

    private void rewriteHeader(String from, String to) throws IOException {
        Path weights = folder.resolve("model/weights.safetensors");
        String text = Files.readString(weights, StandardCharsets.ISO_8859_1);
        assertThat(text).contains(from);
        Files.writeString(weights, text.replace(from, to), StandardCharsets.ISO_8859_1);
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> TrainedModel.load(files, model))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(message);
    }

    private static void assertHeaderRefused(long length, String header, String message) {
        byte[] bytes = ByteBuffer.allocate(8 + header.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(header.getBytes(StandardCharsets.UTF_8))
                .array();
        assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(bytes), "x.safetensors", name -> true))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(message);
    }
}
