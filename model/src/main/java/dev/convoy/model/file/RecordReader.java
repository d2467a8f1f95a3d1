package dev.convoy.model.file;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.module.SimpleModule;
import dev.convoy.model.Json;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads records of which some components have defaults. What a record cannot do without are its first components, which its shortest
 * constructor takes; what that constructor gives to the others holds where a key is absent.
 */
public final class RecordReader<T> extends JsonDeserializer<T> {
    private final Class<T> type;
    private final List<RecordComponent> components;
    private final Constructor<?> shortest;
    private final Constructor<?> canonical;

    private RecordReader(Class<T> type) {
        this.type = type;
        this.components = List.of(type.getRecordComponents());
        Comparator<Constructor<?>> byLength = Comparator.comparingInt(Constructor::getParameterCount);
        List<Constructor<?>> all =
                Arrays.stream(type.getConstructors()).sorted(byLength).toList();
        this.shortest = all.get(0);
        this.canonical = all.get(all.size() - 1);
    }

    /** Readers for records, and for all records that are kinds of a sealed interface. */
    public static SimpleModule module(Class<?>... types) {
        SimpleModule module = new SimpleModule(Arrays.toString(types));
        for (Class<?> type : types) {
            add(module, type);
        }
        return module;
    }

    private static <T> void add(SimpleModule module, Class<T> type) {
        if (type.isRecord()) {
            module.addDeserializer(type, new RecordReader<>(type));
        } else {
            for (Class<?> kind : type.getPermittedSubclasses()) {
                add(module, kind);
            }
        }
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        JsonNode node = context.readTree(parser);
        if (!node.isObject()) {
            throw MismatchedInputException.from(parser, type, "it is no object");
        }
        checkKeys(node, parser);
        Object[] values = new Object[components.size()];
        int required = shortest.getParameterCount();
        for (int i = 0; i < required; i++) {
            String key = Json.key(components.get(i).getName());
            if (!node.hasNonNull(key)) {
                throw JsonMappingException.from(parser, "it lacks " + key + "; set it");
            }
            values[i] = read(components.get(i), node, context);
        }
        T defaults = create(shortest, Arrays.copyOf(values, required), parser);
        for (int i = required; i < values.length; i++) {
            RecordComponent component = components.get(i);
            values[i] = node.hasNonNull(Json.key(component.getName()))
                    ? read(component, node, context)
                    : get(component, defaults);
        }
        return required == values.length ? defaults : create(canonical, values, parser);
    }

    private void checkKeys(JsonNode node, JsonParser parser) throws JsonMappingException {
        Set<Object> known = new LinkedHashSet<>();
        components.forEach(component -> known.add(Json.key(component.getName())));
        for (Iterator<String> keys = node.fieldNames(); keys.hasNext(); ) {
            String key = keys.next();
            if (!known.contains(key)) {
                throw UnrecognizedPropertyException.from(parser, type, key, known);
            }
        }
    }

    private Object read(RecordComponent component, JsonNode node, DeserializationContext context)
            throws JsonMappingException {
        String key = Json.key(component.getName());
        try {
            return context.readTreeAsValue(
                    node.get(key), context.getTypeFactory().constructType(component.getGenericType()));
        } catch (IOException | RuntimeException e) {
            throw JsonMappingException.wrapWithPath(e, type, key);
        }
    }

    private T create(Constructor<?> constructor, Object[] values, JsonParser parser) throws JsonMappingException {
        try {
            return type.cast(constructor.newInstance(values));
        } catch (InvocationTargetException e) {
            throw JsonMappingException.from(parser, e.getCause().getMessage(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object get(RecordComponent component, Object record) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
