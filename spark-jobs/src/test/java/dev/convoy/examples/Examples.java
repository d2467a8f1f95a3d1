package dev.convoy.examples;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.convoy.retrain.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The files of examples/scheduling, and what their tests share. */
final class Examples {
    /** Of YAML, names that are there twice are refused. */
    static final ObjectMapper YAML =
            new ObjectMapper(new YAMLFactory()).enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    /** What the command ends with; the README's table is held to it, and all examples to the table. */
    static final Map<Integer, String> CODES =
            new TreeMap<>(Map.of(1, "FAILED", 2, "", 130, "INTERRUPTED", 143, "INTERRUPTED"));

    static {
        for (Outcome outcome : Outcome.values()) {
            CODES.put(outcome.exitCode(), outcome.name());
        }
    }

    private static final Pattern ROW = Pattern.compile("\\| (\\d+) \\| ([A-Z_]*) ?\\| (.*) \\|");

    private Examples() {}

    /** A row of the README's table. */
    record Code(int code, String status, String meaning) {
        /** Whether the examples take it for a success; they do not ask for approval. */
        boolean isSuccess() {
            return meaning.startsWith("success") && code != 15;
        }
    }

    static Path root() {
        return Path.of(System.getProperty("convoy.root"));
    }

    static Path file(String name) {
        return root().resolve("examples/scheduling").resolve(name);
    }

    static String text(String name) throws IOException {
        return Files.readString(file(name));
    }

    static JsonNode yaml(String name) throws IOException {
        return YAML.readTree(text(name));
    }

    static List<Code> codes() throws IOException {
        List<Code> codes = new ArrayList<>();
        for (String line : text("README.md").lines().toList()) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                codes.add(new Code(Integer.parseInt(row.group(1)), row.group(2), row.group(3)));
            }
        }
        return codes;
    }

    /** The options for Java 17 that the launcher gives. */
    static List<String> moduleOptions() throws IOException {
        String launcher = Files.readString(root().resolve("scripts/convoy"));
        Matcher list = Pattern.compile("(?s)for package in (.*?); do").matcher(launcher);
        if (!list.find()) {
            throw new IllegalStateException("scripts/convoy has no list of packages");
        }
        List<String> options = new ArrayList<>();
        for (String name : list.group(1).replace("\\\n", " ").trim().split("\\s+")) {
            options.add("--add-opens=java.base/" + name + "=ALL-UNNAMED");
        }
        Matcher others =
                Pattern.compile("options\\+=\\((--add-opens=\\S+) (-D\\S+)\\)").matcher(launcher);
        if (!others.find()) {
            throw new IllegalStateException("scripts/convoy has no further options");
        }
        options.add(others.group(1));
        options.add(others.group(2));
        return options;
    }

    /** A script that may be run. */
    static Path script(Path file, String content) throws IOException {
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }

    /** What a process has printed, and its exit code. */
    record Ended(int code, String output) {}

    /** Runs a command to its end. */
    static Ended run(String input, List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException(command + " does not end");
        }
        return new Ended(process.exitValue(), output);
    }
}
