package dev.convoy.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.jsontype.TypeDeserializer;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.convoy.train.sync.OuterOptimizer;
import java.io.IOException;

/** Reads {@code sync.outer}: a type's name alone, or an object with its type and keys. */
final class OuterReader extends JsonDeserializer<OuterOptimizer> {
    /** The type's name may be all there is, so that nobody is to look for it beforehand. */
    @Override
    public Object deserializeWithType(
            JsonParser parser, DeserializationContext context, TypeDeserializer typeDeserializer) throws IOException {
        return deserialize(parser, context);
    }

    @Override
    public OuterOptimizer deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        JsonNode node = parser.getCodec().readTree(parser);
        return parser.getCodec()
                .treeToValue(
                        node.isTextual() ? JsonNodeFactory.instance.objectNode().set("type", node) : node,
                        OuterOptimizer.class);
    }
}
