package dev.convoy.model.file;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.module.SimpleModule;
import dev.convoy.model.Json;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Reads records of which some components have defaults. The shortest constructor of a record takes the components that it cannot
 * do without, which come first; what this constructor gives to the others holds where a key is absent.
 */
public final class RecordReader<T> extends JsonDeserializer<T> {
    private final Class<T> type;
    private final List<RecordComponent> components;
    private final List<String> keys;
    private final Constructor<?> shortest;
    private final Constructor<?> canonical;

    private RecordReader(Class<T> type) {
        this.type = type;
        this.components = List.of(type.getRecordComponents());
        this.keys = components.stream()
                .map(component -> Json.key(component.getName()))
                .toList();
        Comparator<Constructor<?>> byLength = Comparator.comparingInt(Constructor::getParameterCount);
        List<Constructor<?>> all =
                Arrays.stream(type.getConstructors()).sorted(byLength).toList();
        this.shortest = all.get(0);
        this.canonical = all.get(all.size() - 1);
    }

    /**
     * Makes readers for records.
     *
     * @param types records, and sealed interfaces that stand for all their kinds
     */
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
        Object[] values = readAll(parser, context);
        int required = shortest.getParameterCount();
        for (int i = 0; i < required; i++) {
            if (values[i] == null) {
                throw JsonMappingException.from(parser, "it lacks " + keys.get(i) + "; set it");
            }
        }
        T defaults = create(shortest, Arrays.copyOf(values, required), parser);
        for (int i = required; i < values.length; i++) {
            values[i] = values[i] == null ? get(components.get(i), defaults) : values[i];
        }
        return required == values.length ? defaults : create(canonical, values, parser);
    }

    /** Reads an object's values, in the order of the components; null where a key is absent, or its value is null. */
    private Object[] readAll(JsonParser parser, DeserializationContext context) throws IOException {
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            parser.nextToken();
        } else if (parser.currentToken() != JsonToken.FIELD_NAME && parser.currentToken() != JsonToken.END_OBJECT) {
            throw MismatchedInputException.from(parser, type, "it is no object");
        }
        Object[] values = new Object[keys.size()];
        for (; parser.currentToken() == JsonToken.FIELD_NAME; parser.nextToken()) {
            String key = parser.currentName();
            int component = keys.indexOf(key);
            if (component < 0) {
                throw UnrecognizedPropertyException.from(parser, type, key, List.copyOf(keys));
            }
            // An empty text says as little as null.
            if (parser.nextToken() != JsonToken.VALUE_NULL && !isEmptyText(parser)) {
                values[component] = read(component, parser, context);
            }
        }
        return values;
    }

    private static boolean isEmptyText(JsonParser parser) throws IOException {
        return parser.currentToken() == JsonToken.VALUE_STRING && parser.getTextLength() == 0;
    }

    private Object read(int component, JsonParser parser, DeserializationContext context) throws JsonMappingException {
        try {
            Type generic = components.get(component).getGenericType();
            return context.readValue(parser, context.getTypeFactory().constructType(generic));
        } catch (IOException | RuntimeException e) {
            throw JsonMappingException.wrapWithPath(e, type, keys.get(component));
        }
    }

    private T create(Constructor<?> constructor, Object[] values, JsonParser parser) throws JsonMappingException {
        try {
            return type.cast(constructor.newInstance(values));
        } catch (InvocationTargetException e) {
            throw JsonMappingException.from(parser, String.valueOf(e.getCause().getMessage()), e.getCause());
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
