package dev.convoy.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonSubTypes.Type;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
import java.util.ArrayList;
import java.util.List;

/** Turns a configuration into its record, by way of JSON. */
final class JobConfigMapper {
    static final ObjectMapper MAPPER = SpecJson.MAPPER
            .copy()
            .addMixIn(OptimizerSpec.class, OptimizerTypes.class)
            .addMixIn(LearningRate.Schedule.class, ScheduleTypes.class)
            .addMixIn(ImageTransform.class, TransformTypes.class)
            .addMixIn(Augmentation.class, AugmentationMixin.class)
            .registerModule(RecordReader.module(
                    OptimizerSpec.class, LearningRate.class, LearningRate.Schedule.class, ImageTransform.class));

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @Type(value = OptimizerSpec.Sgd.class, name = "sgd"),
        @Type(value = OptimizerSpec.Momentum.class, name = "momentum"),
        @Type(value = OptimizerSpec.Nesterov.class, name = "nesterov"),
        @Type(value = OptimizerSpec.Adam.class, name = "adam"),
        @Type(value = OptimizerSpec.AdamW.class, name = "adamw")
    })
    private interface OptimizerTypes {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @Type(value = LearningRate.Schedule.Constant.class, name = "constant"),
        @Type(value = LearningRate.Schedule.Step.class, name = "step"),
        @Type(value = LearningRate.Schedule.Cosine.class, name = "cosine")
    })
    private interface ScheduleTypes {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @Type(value = GeometricTransform.RandomCrop.class, name = "random-crop"),
        @Type(value = GeometricTransform.ResizedCrop.class, name = "resized-crop"),
        @Type(value = GeometricTransform.Flip.class, name = "flip"),
        @Type(value = GeometricTransform.Affine.class, name = "affine"),
        @Type(value = PixelTransform.ColourJitter.class, name = "colour-jitter"),
        @Type(value = PixelTransform.RandomErasing.class, name = "random-erasing"),
        @Type(value = MixingTransform.MixUp.class, name = "mix-up"),
        @Type(value = MixingTransform.CutMix.class, name = "cut-mix")
    })
    private interface TransformTypes {}

    /** An augmentation is written as its list alone. */
    private abstract static class AugmentationMixin {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
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

    /** A key set to null is a key taken away. */
    private static JsonNode withoutNulls(JsonNode node) {
        if (node instanceof ObjectNode object) {
            List<String> keys = new ArrayList<>();
            object.fieldNames().forEachRemaining(keys::add);
            keys.stream().filter(key -> object.get(key).isNull()).forEach(object::remove);
        }
        node.forEach(JobConfigMapper::withoutNulls);
        return node;
    }

    /** A network may be written as its name alone. */
    private static JsonNode spelledOut(JsonNode tree) {
        JsonNode network = tree.path("network");
        if (tree instanceof ObjectNode object && network.isTextual()) {
            object.putObject("network").set("name", network);
        }
        return tree;
    }
}
