package dev.convoy.model.file;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.Module;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.model.Json;
import dev.convoy.model.Loss;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** How a {@link NetworkSpec} is written in JSON, in {@code model.json} as in a configuration. */
public final class SpecJson {
    /** Safe to share; must not be reconfigured, but copied. */
    public static final ObjectMapper MAPPER = Json.MAPPER
            .copy()
            .addMixIn(LayerSpec.class, LayerTypes.class)
            .addMixIn(Initializer.class, InitializerTypes.class)
            .registerModule(values())
            .registerModule(RecordReader.module(NetworkSpec.class, LayerSpec.class, Initializer.class));

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = LayerSpec.Conv2d.class, name = "conv2d"),
        @JsonSubTypes.Type(value = LayerSpec.MaxPool.class, name = "max-pool"),
        @JsonSubTypes.Type(value = LayerSpec.AveragePool.class, name = "average-pool"),
        @JsonSubTypes.Type(value = LayerSpec.GlobalAveragePool.class, name = "global-average-pool"),
        @JsonSubTypes.Type(value = LayerSpec.Residual.class, name = "residual"),
        @JsonSubTypes.Type(value = LayerSpec.BatchNorm.class, name = "batch-norm"),
        @JsonSubTypes.Type(value = LayerSpec.Dense.class, name = "dense"),
        @JsonSubTypes.Type(value = LayerSpec.Flatten.class, name = "flatten"),
        @JsonSubTypes.Type(value = LayerSpec.Dropout.class, name = "dropout"),
        @JsonSubTypes.Type(value = LayerSpec.Sigmoid.class, name = "sigmoid"),
        @JsonSubTypes.Type(value = LayerSpec.Tanh.class, name = "tanh"),
        @JsonSubTypes.Type(value = LayerSpec.Relu.class, name = "relu"),
        @JsonSubTypes.Type(value = LayerSpec.LeakyRelu.class, name = "leaky-relu"),
        @JsonSubTypes.Type(value = LayerSpec.Softmax.class, name = "softmax")
    })
    private interface LayerTypes {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Initializer.Normal.class, name = "normal"),
        @JsonSubTypes.Type(value = Initializer.Xavier.class, name = "xavier"),
        @JsonSubTypes.Type(value = Initializer.He.class, name = "he")
    })
    private interface InitializerTypes {}

    private SpecJson() {}

    /** What is written as a word, a number or a list. */
    private static Module values() {
        return new SimpleModule("values")
                .addSerializer(Size2d.class, writer(size -> List.of(size.height(), size.width())))
                .addDeserializer(Size2d.class, reader((node, context) -> size(node)))
                .addSerializer(Padding.class, writer(p -> p instanceof Padding.Explicit e ? e.pixels() : "same"))
                .addDeserializer(Padding.class, reader((node, context) -> padding(node)))
                .addSerializer(Loss.class, writer(Json::key))
                .addDeserializer(Loss.class, constant(Loss.class))
                .addSerializer(Sizes.class, writer(Json::key))
                .addDeserializer(Sizes.class, constant(Sizes.class))
                .addSerializer(Colours.class, writer(Json::key))
                .addDeserializer(Colours.class, constant(Colours.class));
    }

    private static Size2d size(JsonNode node) {
        return node.isArray() && node.size() == 2
                ? new Size2d(side(node.get(0), node), side(node.get(1), node))
                : Size2d.square(side(node, node));
    }

    /** A number, which a substitution may have made a text. */
    private static int side(JsonNode side, JsonNode whole) {
        if (side.isInt() || side.isTextual() && side.asText().matches("[0-9]{1,9}")) {
            return side.asInt();
        }
        throw new InvalidValueException("size", whole, "give a whole number, or two as in [rows, columns]");
    }

    private static Padding padding(JsonNode node) {
        return switch (node.asText()) {
            case "same" -> Padding.SAME;
            case "valid" -> Padding.VALID;
            default -> new Padding.Explicit(pixels(node));
        };
    }

    private static int pixels(JsonNode node) {
        try {
            return Integer.parseInt(node.asText());
        } catch (NumberFormatException e) {
            throw new InvalidValueException(
                    "padding",
                    node.isValueNode() ? node.asText() : node,
                    "allowed are same, valid and a number of pixels");
        }
    }

    private static <E extends Enum<E>> JsonDeserializer<E> constant(Class<E> type) {
        return reader((node, context) -> {
            for (E constant : type.getEnumConstants()) {
                if (Json.key(constant).equalsIgnoreCase(node.asText())) {
                    return constant;
                }
            }
            String what = type.getSimpleName().toLowerCase(Locale.ROOT);
            throw context.weirdStringException(node.asText(), type, "there is no such " + what);
        });
    }

    private interface Reading<T> {
        T read(JsonNode node, DeserializationContext context) throws IOException;
    }

    private static <T> JsonDeserializer<T> reader(Reading<T> reading) {
        return new JsonDeserializer<>() {
            @Override
            public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
                return reading.read(context.readTree(parser), context);
            }
        };
    }

    private static <T> JsonSerializer<T> writer(Function<T, Object> written) {
        return new JsonSerializer<>() {
            @Override
            public void serialize(T value, JsonGenerator generator, SerializerProvider provider) throws IOException {
                provider.defaultSerializeValue(written.apply(value), generator);
            }
        };
    }
}
