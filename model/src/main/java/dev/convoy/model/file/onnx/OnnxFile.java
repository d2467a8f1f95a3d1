package dev.convoy.model.file.onnx;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.storage.ProtobufMessage;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/**
 * A model as an ONNX file, opset 13. Its input {@code image} takes decoded pixels as they are, bytes {@code [images, rows, columns,
 * channels]} (grey, or red, green, blue); normalisation and layout are in the graph. Its output {@code probabilities} is {@code [images,
 * classes]}. Metadata: {@code classes}, a list of names; {@code input}, rows, columns and channels; {@code preparation}, how images are
 * brought to that size; {@code golden_image}, the bytes of one image, and {@code golden_probabilities}, what Convoy answers to it.
 */
public final class OnnxFile {
    private static final int IR_VERSION = 7;
    private static final int OPSET = 13;

    private OnnxFile() {}

    /**
     * Pixels that make every weight work, the same for every model of a shape: {@code value(i) = (37 i + i / 251) mod 256}.
     *
     * @return {@code [rows, columns, channels]}
     */
    public static byte[] goldenImage(int values) {
        byte[] image = new byte[values];
        for (int i = 0; i < values; i++) {
            image[i] = (byte) (i * 37 + i / 251);
        }
        return image;
    }

    /**
     * Writes a model.
     *
     * @param golden what the model answers to {@link #goldenImage}
     * @return the file's content
     * @throws ConvoyException if it is larger than a file of this kind can be
     */
    public static ProtobufMessage of(TrainedModel model, double[] golden) {
        var shape = model.network().input();
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("classes", json(model.classNames()));
        metadata.put("input", json(new int[] {shape.height(), shape.width(), shape.channels()}));
        metadata.put("preparation", json(model.preparation()));
        metadata.put("golden_image", Base64.getEncoder().encodeToString(goldenImage(shape.size())));
        metadata.put("golden_probabilities", json(golden));
        ProtobufMessage file = new ProtobufMessage()
                .integer(1, IR_VERSION)
                .text(2, "Convoy")
                .message(8, new ProtobufMessage().integer(2, OPSET));
        ProtobufMessage graph = new OnnxGraph(model).write();
        if (graph.length() > Integer.MAX_VALUE - (1 << 20)) {
            throw new ConvoyException("Cannot write a model of " + model.parameters().length
                    + " parameters as ONNX: its files have 2 GiB at most; use model/weights.safetensors");
        }
        file.message(7, graph);
        metadata.forEach((key, value) ->
                file.message(14, new ProtobufMessage().text(1, key).text(2, value)));
        return file;
    }

    private static String json(Object value) {
        try {
            return Json.MAPPER
                    .writer()
                    .without(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
