package dev.convoy.config;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Json;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Says what is wrong with a value in the configuration's words: under which key it is, and where that was set. */
final class ConfigErrors {
    /** Keys that are not called as the properties that they set. */
    private static final Map<String, String> RENAMED = Map.of(
            "optimizer.base",
            "optimizer.learning-rate",
            "data.window",
            "data.shuffle-window",
            "sync.timeout-seconds",
            "sync.timeout");

    private final Config config;

    ConfigErrors(Config config) {
        this.config = config;
    }

    /**
     * Makes something of the values below a key, so that an error names the whole key.
     *
     * @throws InvalidValueException whose property is the key
     */
    static <T> T under(String key, Supplier<T> making) {
        try {
            return making.get();
        } catch (InvalidValueException e) {
            throw new InvalidValueException(key(key, e.property()), e.value(), e.allowed());
        }
    }

    private static String key(String path, String property) {
        String key = path.isEmpty() ? Json.key(property) : path + "." + Json.key(property);
        return RENAMED.getOrDefault(key, key);
    }

    /**
     * A place in the configuration.
     *
     * @param path of the key, for example {@code network.layers[0].kernel}
     * @param value there; empty if none was set
     */
    private record ConfigPlace(String path, Optional<ConfigValue> value) {
        ConfigPlace at(String key) {
            return new ConfigPlace(
                    path.isEmpty() ? key : path + "." + key,
                    value.map(outer -> outer instanceof ConfigObject object ? object.get(key) : null));
        }

        ConfigPlace at(int index) {
            return new ConfigPlace(
                    path + "[" + index + "]",
                    value.map(
                            outer -> outer instanceof ConfigList list && index < list.size() ? list.get(index) : null));
        }

        /** Where the value was set, in brackets. Of a group of keys no single place can be told, but of one in a list. */
        String origin() {
            return value.filter(set -> !(set instanceof ConfigObject) || path.endsWith("]"))
                    .map(set -> " (" + set.origin().description() + ")")
                    .orElse("");
        }
    }

    /** An error about a value that a record did not take, whose property is a whole key. */
    ConvoyException of(InvalidValueException e) {
        ConfigPlace place = new ConfigPlace("", Optional.of(config.root()));
        for (String key : e.property().split("\\.")) {
            place = place.at(key);
        }
        return error(place, e);
    }

    private static ConvoyException error(ConfigPlace place, InvalidValueException e) {
        return new ConvoyException(
                "Cannot use " + place.path + " = " + e.value() + place.origin() + "; " + e.allowed(), e);
    }

    /** An error about a value that could not be mapped. */
    ConvoyException of(JsonMappingException e) {
        ConfigPlace place = new ConfigPlace("", Optional.of(config.root()));
        for (JsonMappingException.Reference step : e.getPath()) {
            place = step.getFieldName() == null
                    ? place.at(step.getIndex())
                    : place.at(name(place, step.getFieldName()));
        }
        if (e instanceof UnrecognizedPropertyException unknown) {
            return new ConvoyException("Cannot use the key " + place.path + place.origin()
                    + ": there is none of this name; did you mean " + nearest(unknown) + "?");
        } else if (e.getCause() instanceof InvalidValueException invalid) {
            return error(placeOf(invalid, place), invalid);
        } else if (e.getCause() instanceof ConvoyException cause) {
            return new ConvoyException(cause.getMessage() + place.origin(), e);
        }
        return new ConvoyException("Cannot use the value of " + place.path + place.origin() + ": " + reason(e));
    }

    /** The key as it is written, where a record's component is called otherwise. */
    private static String name(ConfigPlace group, String field) {
        String key = group.path + "." + field;
        return RENAMED.containsKey(key) ? RENAMED.get(key).substring(group.path.length() + 1) : field;
    }

    /** A record that is no group of keys in the configuration is written as a single value, whose key names it. */
    private ConfigPlace placeOf(InvalidValueException e, ConfigPlace record) {
        if (record.value.isPresent() && !(record.value.get() instanceof ConfigObject)) {
            return record;
        }
        String key = key(record.path, e.property());
        return record.at(key.substring(key.lastIndexOf('.') + 1));
    }

    /** What is wrong with a value, in the configuration's words; those of Jackson, where it names no Java type. */
    private static String reason(JsonMappingException e) {
        if (e instanceof InvalidTypeIdException wrong) {
            Matcher known = Pattern.compile("known type ids = \\[(.*?)]").matcher(e.getOriginalMessage());
            return wrong.getTypeId() == null
                    ? "it needs a type" + (known.find() ? "; allowed are " + known.group(1) : "")
                    : "there is no " + wrong.getTypeId() + (known.find() ? "; allowed are " + known.group(1) : "");
        }
        if (e instanceof MismatchedInputException wrong && wrong.getTargetType() != null) {
            Object value = e instanceof InvalidFormatException format ? format.getValue() : null;
            if (wrong.getTargetType().isEnum()) {
                return Arrays.stream(wrong.getTargetType().getEnumConstants())
                        .map(allowed -> JobConfigMapper.MAPPER
                                .valueToTree(allowed)
                                .asText()
                                .toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", ", "there is no " + value + "; allowed are ", ""));
            }
            return (value == null ? "it" : value) + " is no " + kind(wrong.getTargetType());
        }
        return String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
    }

    private static String kind(Class<?> type) {
        if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
            return "whole number in the range";
        }
        if (type == double.class || type == float.class || Number.class.isAssignableFrom(type)) {
            return "number; decimals follow a point";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "truth value; allowed are true and false";
        }
        if (Collection.class.isAssignableFrom(type) || type.isArray()) {
            return "list, which is written in brackets, for example [1, 2]";
        }
        return type == String.class ? "text" : "group of keys, which is written in braces, for example { key = value }";
    }

    private static String nearest(UnrecognizedPropertyException e) {
        List<String> known =
                e.getKnownPropertyIds().stream().map(Object::toString).sorted().toList();
        return known.stream()
                .min(Comparator.comparingInt(
                        key -> LevenshteinDistance.getDefaultInstance().apply(key, e.getPropertyName())))
                .map(key -> key + " (all: " + known.stream().collect(Collectors.joining(", ")) + ")")
                .orElse("nothing");
    }
}
