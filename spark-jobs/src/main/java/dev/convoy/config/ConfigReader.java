package dev.convoy.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.commons.text.similarity.LevenshteinDistance;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Reads HOCON configurations: {@code reference.conf}, the user's file over it, single settings over both. Keys that {@link
 * JobConfig} does not have are refused.
 */
public final class ConfigReader {
    private ConfigReader() {}

    /**
     * Lays the three over each other.
     *
     * @param file on the local file system, where it may include others, or on any Hadoop file system
     * @param settings by key; a value that starts with a bracket, brace or quote is read as HOCON, {@code null} removes
     *     the key, any other is taken as it stands
     */
    public static Config read(String file, Map<String, String> settings, Configuration hadoop) throws IOException {
        try {
            return overlay(parse(file, hadoop), settings);
        } catch (ConfigException e) {
            throw new ConvoyException("Cannot read the configuration: " + e.getMessage(), e);
        }
    }

    static Config overlay(Config file, Map<String, String> settings) {
        Config config = file;
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            config = config.withValue(setting.getKey(), value(setting.getKey(), setting.getValue()));
        }
        Config reference = ConfigFactory.parseResources(ConfigReader.class, "/dev/convoy/reference.conf");
        return config.withFallback(reference).resolve();
    }

    private static ConfigValue value(String key, String text) {
        if (text.equals("null")) {
            return ConfigValueFactory.fromAnyRef(null, "--set " + key);
        }
        if (text.matches("(?s)\\s*[\\[{\"].*")) {
            return ConfigFactory.parseString("value = " + text).getValue("value");
        }
        return ConfigValueFactory.fromAnyRef(text, "--set " + key);
    }

    private static Config parse(String file, Configuration hadoop) throws IOException {
        java.nio.file.Path local = java.nio.file.Path.of(file);
        if (Files.isRegularFile(local)) {
            return ConfigFactory.parseFile(local.toFile());
        }
        Path path = new Path(file);
        try (Reader reader = new InputStreamReader(path.getFileSystem(hadoop).open(path), StandardCharsets.UTF_8)) {
            return ConfigFactory.parseReader(
                    reader, ConfigParseOptions.defaults().setOriginDescription(file));
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find the configuration " + file + "; check the path", e);
        }
    }

    /** The configuration as one file that can be read again. */
    public static String render(Config config) {
        return config.root()
                .render(ConfigRenderOptions.defaults().setOriginComments(false).setJson(false));
    }

    /**
     * Maps a configuration onto its record.
     *
     * @throws ConvoyException for an unknown key (naming the nearest known one), a value of the wrong type or out of range
     */
    public static JobConfig toJobConfig(Config config) {
        String json = config.root().render(ConfigRenderOptions.concise());
        try {
            // Numbers that are too large become infinite here; whoever owns the key says so.
            JsonNode tree = Json.MAPPER
                    .reader()
                    .with(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .readTree(json);
            return Json.MAPPER.treeToValue(withoutNulls(tree), JobConfig.class);
        } catch (UnrecognizedPropertyException e) {
            String path = path(e);
            throw new ConvoyException("Cannot use the key " + path + (path.contains("[") ? "" : origin(config, path))
                    + ": there is none of this" + " name; did you mean " + nearest(e) + "?");
        } catch (JsonMappingException e) {
            if (e.getCause() instanceof ConvoyException cause) {
                throw new ConvoyException(cause.getMessage() + origin(config, path(e)), e);
            }
            throw new ConvoyException(
                    "Cannot use the value of " + path(e) + origin(config, path(e)) + ": " + reason(e));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Jackson's own words, but for a value that is none of a list, of which it would name the Java type. */
    private static String reason(JsonMappingException e) {
        if (e instanceof InvalidFormatException wrong && wrong.getTargetType().isEnum()) {
            return Arrays.stream(wrong.getTargetType().getEnumConstants())
                    .map(allowed -> Json.MAPPER.valueToTree(allowed).asText().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", ", "there is no " + wrong.getValue() + "; allowed are ", ""));
        }
        return e.getOriginalMessage().lines().findFirst().orElse("");
    }

    /** A key set to null is a key taken away. */
    private static JsonNode withoutNulls(JsonNode node) {
        if (node instanceof ObjectNode object) {
            List<String> keys = new ArrayList<>();
            object.fieldNames().forEachRemaining(keys::add);
            keys.stream().filter(key -> object.get(key).isNull()).forEach(object::remove);
        }
        node.forEach(ConfigReader::withoutNulls);
        return node;
    }

    private static String path(JsonMappingException e) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference step : e.getPath()) {
            if (step.getFieldName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getFieldName());
            }
        }
        return path.toString();
    }

    /** Where a key was set, in brackets; for an element of a list, which. Of a group of keys no single place can be told. */
    private static String origin(Config config, String path) {
        if (path.contains("[")) {
            return " (" + path + ")";
        }
        return path.isEmpty() || !config.hasPath(path) || config.getValue(path).valueType() == ConfigValueType.OBJECT
                ? ""
                : " (" + config.getValue(path).origin().description() + ")";
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
