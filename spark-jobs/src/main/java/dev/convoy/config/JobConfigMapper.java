package dev.convoy.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.augment.GeometricTransform;
import dev.convoy.data.augment.ImageTransform;
import dev.convoy.data.augment.MixingTransform;
import dev.convoy.data.augment.PixelTransform;
import dev.convoy.model.file.RecordReader;
import dev.convoy.model.file.SpecJson;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.sync.OuterOptimizer;
import java.util.ArrayList;
import java.util.List;

/** Turns a configuration into its record, by way of JSON. */
final class JobConfigMapper {
    static final ObjectMapper MAPPER = SpecJson.MAPPER
            .copy()
            .addMixIn(OptimizerSpec.class, OptimizerTypes.class)
            .addMixIn(LearningRate.Schedule.class, ScheduleTypes.class)
            .addMixIn(ImageTransform.class, TransformTypes.class)
            .addMixIn(OuterOptimizer.class, OuterTypes.class)
            .addMixIn(Augmentation.class, AugmentationMixin.class)
            .registerModule(RecordReader.module(
                    OptimizerSpec.class,
                    LearningRate.class,
                    LearningRate.Schedule.class,
                    ImageTransform.class,
                    OuterOptimizer.class));

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = OptimizerSpec.Sgd.class, name = "sgd"),
        @JsonSubTypes.Type(value = OptimizerSpec.Momentum.class, name = "momentum"),
        @JsonSubTypes.Type(value = OptimizerSpec.Nesterov.class, name = "nesterov"),
        @JsonSubTypes.Type(value = OptimizerSpec.Adam.class, name = "adam"),
        @JsonSubTypes.Type(value = OptimizerSpec.AdamW.class, name = "adamw")
    })
    private interface OptimizerTypes {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = LearningRate.Schedule.Constant.class, name = "constant"),
        @JsonSubTypes.Type(value = LearningRate.Schedule.Step.class, name = "step"),
        @JsonSubTypes.Type(value = LearningRate.Schedule.Exponential.class, name = "exponential"),
        @JsonSubTypes.Type(value = LearningRate.Schedule.Cosine.class, name = "cosine")
    })
    private interface ScheduleTypes {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = OuterOptimizer.None.class, name = "none"),
        @JsonSubTypes.Type(value = OuterOptimizer.Momentum.class, name = "momentum"),
        @JsonSubTypes.Type(value = OuterOptimizer.Nesterov.class, name = "nesterov")
    })
    private interface OuterTypes {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = GeometricTransform.RandomCrop.class, name = "random-crop"),
        @JsonSubTypes.Type(value = GeometricTransform.ResizedCrop.class, name = "resized-crop"),
        @JsonSubTypes.Type(value = GeometricTransform.Flip.class, name = "flip"),
        @JsonSubTypes.Type(value = GeometricTransform.Affine.class, name = "affine"),
        @JsonSubTypes.Type(value = PixelTransform.ColourJitter.class, name = "colour-jitter"),
        @JsonSubTypes.Type(value = PixelTransform.RandomErasing.class, name = "random-erasing"),
        @JsonSubTypes.Type(value = MixingTransform.MixUp.class, name = "mix-up"),
        @JsonSubTypes.Type(value = MixingTransform.CutMix.class, name = "cut-mix")
    })
    private interface TransformTypes {}

    /** An augmentation is written as its list alone. */
    private abstract static class AugmentationMixin {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        @SuppressWarnings("UnusedVariable")
        AugmentationMixin(List<ImageTransform> transforms) {}
    }

    private JobConfigMapper() {}

    static JobConfig map(Config config) throws JsonMappingException {
        String json = config.root().render(ConfigRenderOptions.concise());
        try {
            // Numbers that are too large become infinite here; whoever owns the key says so.
            JsonNode tree = MAPPER.reader()
                    .with(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .readTree(json);
            return MAPPER.treeToValue(spelledOut(withoutNulls(tree)), JobConfig.class);
        } catch (JsonMappingException e) {
            throw e;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A key set to null is a key taken away, and so is an element of a list. */
    private static JsonNode withoutNulls(JsonNode node) {
        if (node instanceof ObjectNode object) {
            List<String> keys = new ArrayList<>();
            object.fieldNames().forEachRemaining(keys::add);
            keys.stream().filter(key -> object.get(key).isNull()).forEach(object::remove);
        }
        if (node instanceof ArrayNode list) {
            for (int i = list.size() - 1; i >= 0; i--) {
                if (list.get(i).isNull()) {
                    list.remove(i);
                }
            }
        }
        node.forEach(JobConfigMapper::withoutNulls);
        return node;
    }

    /** A network may be written as its name alone, an outer optimizer as its type. */
    private static JsonNode spelledOut(JsonNode tree) {
        spellOut(tree, "network", "name");
        spellOut(tree.path("sync"), "outer", "type");
        return tree;
    }

    private static void spellOut(JsonNode group, String key, String inner) {
        JsonNode value = group.path(key);
        if (group instanceof ObjectNode object && value.isTextual()) {
            object.putObject(key).set(inner, value);
        }
    }
}
