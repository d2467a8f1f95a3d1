package dev.convoy.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.ObjectCodec;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;

/** Reads {@code optimizer}, whose keys belong in part to the learning rate and in part to the algorithm. */
final class OptimizerReader extends JsonDeserializer<JobConfig.Optimizer> {
    private static final Map<String, String> RATE_KEYS =
            Map.of("learning-rate", "base", "schedule", "schedule", "warmup-epochs", "warmup-epochs");

    @Override
    public JobConfig.Optimizer deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        ObjectCodec codec = parser.getCodec();
        ObjectNode algorithm = codec.readTree(parser);
        ObjectNode rate = algorithm.objectNode();
        RATE_KEYS.forEach((key, component) -> {
            if (algorithm.has(key)) {
                rate.set(component, algorithm.remove(key));
            }
        });
        if (!rate.has("base")) {
            throw JsonMappingException.from(parser, "it lacks learning-rate; set it");
        }
        LearningRate learningRate = codec.treeToValue(rate, LearningRate.class);
        try {
            return new JobConfig.Optimizer(codec.treeToValue(algorithm, OptimizerSpec.class), learningRate);
        } catch (UnrecognizedPropertyException e) {
            Collection<Object> known = new ArrayList<>(e.getKnownPropertyIds());
            known.addAll(RATE_KEYS.keySet());
            throw UnrecognizedPropertyException.from(parser, e.getReferringClass(), e.getPropertyName(), known);
        }
    }
}
