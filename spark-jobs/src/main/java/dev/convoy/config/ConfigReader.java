package dev.convoy.config;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Reads HOCON configurations: {@code reference.conf}, the user's file over it, single settings over both. Keys that {@link
 * JobConfig} does not have are refused.
 */
public final class ConfigReader {
    /** Keys that hold paths. */
    private static final List<String> PATHS = List.of(
            "data.train.path",
            "data.train.images",
            "data.train.labels",
            "data.test.path",
            "data.test.images",
            "data.test.labels",
            "network.init-from",
            "prepare.directory",
            "registry.directory",
            "run.directory");

    /** What an evaluation takes from a run's recorded configuration. */
    private static final List<String> RECORDED =
            List.of("name", "seed", "backend", "data", "train.workers", "report.images");

    private static final String ANYWHERE = "data.test.anywhere";

    private static final String SCHEME = "(?s)[A-Za-z][A-Za-z0-9+.-]*:.*";

    private static final ConfigValue AUTO = ConfigValueFactory.fromAnyRef("auto");

    private ConfigReader() {}

    /**
     * Lays the three over each other. Relative paths become absolute ones, here on the driver, so that they mean the same on executors and
     * wherever the run is looked at later.
     *
     * @param file on the local file system, where it may include others, or on any Hadoop file system; {@code -} for standard input
     * @param settings by key; a value that starts with a bracket, brace or quote is read as HOCON, {@code null} removes
     *     the key, any other is taken as it stands
     */
    public static Config read(String file, Map<String, String> settings, Configuration hadoop) throws IOException {
        return guarded(() -> absolute(overlay(parse(file, hadoop), settings), hadoop));
    }

    /**
     * Reads what a run has recorded, which may be somebody else's: it includes nothing and sees no environment, and of its keys only those count
     * that say what a model is evaluated on.
     *
     * @param settings over it
     * @throws ConvoyException if it names files elsewhere than the run itself or the default file system
     */
    public static Config readRecorded(Path file, Map<String, String> settings, Configuration hadoop)
            throws IOException {
        return guarded(() -> {
            Config all = parseHadoop(file, hadoop, false).resolve(ConfigResolveOptions.noSystem());
            Config kept = ConfigFactory.empty();
            for (String key : RECORDED) {
                kept = all.hasPath(key) ? kept.withValue(key, all.getValue(key)) : kept;
            }
            checkSchemes(kept, file, hadoop);
            if (!settings.containsKey(ANYWHERE) && kept.hasPath(ANYWHERE) && kept.getBoolean(ANYWHERE)) {
                throw new ConvoyException("Cannot use " + ANYWHERE + " = true of " + file
                        + ": it is not for a recorded configuration to say that a list may name files anywhere; give --set "
                        + ANYWHERE + "=true if you trust it");
            }
            return absolute(overlay(kept, settings), hadoop);
        });
    }

    private static void checkSchemes(Config recorded, Path file, Configuration hadoop) throws IOException {
        Set<String> schemes = new TreeSet<>(List.of(
                "file",
                file.getFileSystem(hadoop).getUri().getScheme(),
                FileSystem.getDefaultUri(hadoop).getScheme()));
        for (String key : PATHS) {
            String path = text(recorded, key);
            String scheme = path == null || !path.matches(SCHEME) ? "file" : path.substring(0, path.indexOf(':'));
            if (!schemes.contains(scheme)) {
                throw new ConvoyException("Cannot use " + key + " = " + path + " of " + file
                        + ": a recorded configuration may name files of " + schemes
                        + " alone; give --data with a configuration of your own");
            }
        }
    }

    /** Lays settings over a configuration, as {@link #read} does. */
    public static Config over(Config config, Map<String, String> settings) throws IOException {
        return guarded(() -> overlay(config, settings));
    }

    /** A configuration of settings alone, as {@link #read} lays them over a file. */
    public static Config of(Map<String, String> settings, Configuration hadoop) throws IOException {
        return guarded(() -> absolute(overlay(ConfigFactory.empty(), settings), hadoop));
    }

    /**
     * What holds where nobody has written a configuration.
     *
     * @param settings over it
     */
    public static JobConfig defaults(Map<String, String> settings) throws IOException {
        return toJobConfig(guarded(() -> overlay(ConfigFactory.empty(), settings)));
    }

    /** Something that reads a configuration. */
    private interface Reading {
        Config read() throws IOException;
    }

    private static Config guarded(Reading reading) throws IOException {
        try {
            return reading.read();
        } catch (ConfigException e) {
            ConvoyException cause = ExceptionUtils.throwableOfType(e, ConvoyException.class);
            throw cause != null
                    ? cause
                    : new ConvoyException("Cannot read the configuration: " + withoutJava(e.getMessage()), e);
        } catch (StackOverflowError e) {
            throw new ConvoyException("Cannot read the configuration: it is nested too deeply", e);
        }
    }

    /** The parser names files as Java does. */
    private static String withoutJava(String message) {
        return String.valueOf(message).replaceAll("java\\.[a-z.]+\\.([A-Za-z]+Exception)", "$1");
    }

    static Config overlay(Config file, Map<String, String> settings) {
        Config config = spelledOut(file);
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            config = with(config, setting.getKey(), value(setting.getKey(), setting.getValue()));
        }
        Config reference = ConfigFactory.parseResources(ConfigReader.class, "/dev/convoy/reference.conf");
        Config whole = config.withFallback(reference).resolve();
        if (whole.root().get("sync") instanceof ConfigObject sync && !sync.containsKey("transport")) {
            // To HOCON a value and keys below it replace each other, and the defaults with them.
            throw new ConvoyException(
                    "Cannot use sync = auto beside keys of sync in the same file; write sync { exchange ="
                            + " auto, transport = auto } and the other keys in the same braces");
        }
        return whole;
    }

    private static Config with(Config config, String key, ConfigValue value) {
        return key.equals("sync") && value.equals(AUTO)
                // The other keys of the group stay.
                ? config.withValue("sync.exchange", AUTO).withValue("sync.transport", AUTO)
                : config.withValue(key, value);
    }

    /** With the keys that {@code sync = auto} is short for. */
    private static Config spelledOut(Config config) {
        ConfigValue sync = config.root().get("sync");
        // In this order: what is not resolved yet can be asked for equality alone.
        return sync != null && sync.equals(AUTO) ? with(config.withoutPath("sync"), "sync", AUTO) : config;
    }

    private static Config absolute(Config config, Configuration hadoop) throws IOException {
        Config changed = config;
        for (String key : PATHS) {
            String path = text(config, key);
            if (path != null && !path.isEmpty() && !path.startsWith("/") && !path.matches(SCHEME)) {
                String origin = config.getValue(key).origin().description();
                changed = changed.withValue(
                        key, ConfigValueFactory.fromAnyRef(absolute(key, path, origin, hadoop), origin));
            }
        }
        return changed;
    }

    private static String absolute(String key, String path, String origin, Configuration hadoop) throws IOException {
        try {
            Path whole = FileSystem.get(hadoop).makeQualified(new Path(path));
            return whole.toUri().getScheme().equals("file") ? whole.toUri().getPath() : whole.toString();
        } catch (IllegalArgumentException e) {
            throw new ConvoyException(
                    "Cannot use " + key + " = " + path + " (" + origin
                            + "): it is no path; no name in it may begin with a colon, nor may the first hold one",
                    e);
        }
    }

    /** Null if the key has no text. */
    private static String text(Config config, String key) {
        return config.hasPath(key) && config.getValue(key).valueType() == ConfigValueType.STRING
                ? config.getString(key)
                : null;
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
        if (file.equals("-")) {
            return parse(new InputStreamReader(System.in, StandardCharsets.UTF_8), "standard input", true);
        }
        if (file.isBlank()) {
            throw new ConvoyException(
                    "Cannot read a configuration without a name; give a file, or - for standard input");
        }
        File local = new File(file).getAbsoluteFile();
        if (local.isFile()) {
            return ConfigFactory.parseFile(
                    local,
                    ConfigParseOptions.defaults()
                            .setIncluder(new LocalIncluder(true))
                            .setOriginDescription(null));
        }
        if (local.exists() && !local.isDirectory()) {
            // A pipe, as of a shell's process substitution.
            return parse(Files.newBufferedReader(local.toPath()), file, true);
        }
        try {
            return parseHadoop(new Path(file), hadoop, true);
        } catch (IllegalArgumentException e) {
            throw new ConvoyException(
                    "Cannot find the configuration " + file + ": there is no such file here, nor is this a path", e);
        }
    }

    private static Config parseHadoop(Path path, Configuration hadoop, boolean mayInclude) throws IOException {
        FileSystem files = path.getFileSystem(hadoop);
        try {
            if (files.getFileStatus(path).isDirectory()) {
                throw new ConvoyException("Cannot read the configuration " + path + ": it is a folder; give a file");
            }
            return parse(new InputStreamReader(files.open(path), StandardCharsets.UTF_8), path.toString(), mayInclude);
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find the configuration " + path + "; check the path", e);
        }
    }

    private static Config parse(Reader reader, String name, boolean mayInclude) throws IOException {
        try (reader) {
            return ConfigFactory.parseReader(
                    reader,
                    ConfigParseOptions.defaults()
                            .setOriginDescription(name)
                            .setIncluder(new LocalIncluder(mayInclude)));
        }
    }

    /**
     * The configuration as one file that can be read again, without secrets. What came from the environment is only
     * named, unless it is a number or a truth value, and so is text under a key that is called as secrets are;
     * credentials in URLs and comments are left out.
     */
    public static String render(Config config) {
        return SecretFilter.withoutSecrets("", config.root())
                .render(ConfigRenderOptions.defaults()
                        .setOriginComments(false)
                        .setComments(false)
                        .setJson(false));
    }

    /**
     * Maps a configuration onto its record.
     *
     * @throws ConvoyException for an unknown key (naming the nearest known one), a value of the wrong type or out of range
     */
    public static JobConfig toJobConfig(Config config) {
        try {
            return JobConfigMapper.map(config);
        } catch (JsonMappingException e) {
            throw new ConfigErrors(config).of(e);
        }
    }

    /**
     * Maps a configuration of a training onto its record.
     *
     * @throws ConvoyException as {@link #toJobConfig} and {@link JobConfig#requireTraining} do, saying where the key was set
     */
    public static JobConfig toTrainingConfig(Config config) {
        try {
            return toJobConfig(config).requireTraining();
        } catch (InvalidValueException e) {
            throw new ConfigErrors(config).of(e);
        }
    }
}
