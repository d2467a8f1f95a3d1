package dev.convoy.report.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.report.Environment;
import dev.convoy.report.Event;
import dev.convoy.report.Examples;
import dev.convoy.report.RunHistory;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a run has left, as far as it is there: a run may be half written, of another version, or have lost pieces.
 *
 * @param name of the folder
 * @param result {@code result.json}
 * @param environment {@code environment.json}
 * @param evaluation {@code evaluation/evaluation.json}
 * @param examples {@code evaluation/examples.json}
 * @param config the configuration as text; empty if it is missing
 * @param rates {@code learning-rates.csv}; empty if it is missing, as it usually is
 * @param history of its events
 * @param notes what could not be read
 */
record RunFolder(
        String name,
        JsonNode result,
        JsonNode environment,
        JsonNode evaluation,
        JsonNode examples,
        String config,
        String rates,
        RunHistory history,
        List<String> notes) {
    private static final int MAX_BYTES = 1 << 26;

    /** The file system of a run, without the checksum files that Hadoop would put beside local files. */
    static FileSystem files(Configuration hadoop, Path run) throws IOException {
        FileSystem files = run.getFileSystem(hadoop);
        files.setWriteChecksum(false);
        return files;
    }

    /**
     * Reads a run.
     *
     * @throws ConvoyException if there is none
     */
    static RunFolder read(FileSystem files, Path run) throws IOException {
        List<String> notes = new ArrayList<>();
        String config = new String(bytes(files, new Path(run, "config.resolved.conf"), notes), StandardCharsets.UTF_8);
        JsonNode result = json(files, new Path(run, "result.json"), notes);
        if (config.isEmpty() && result.isMissingNode()) {
            throw new ConvoyException("Cannot report on " + run + ": it has neither config.resolved.conf nor"
                    + " result.json; give the directory of a run");
        }
        RunHistory history = RunHistory.read(files, run);
        if (history.unreadable() > 0) {
            notes.add(history.unreadable() + " events are cut off or of another version of Convoy");
        }
        if (history.of(Event.Started.class).isEmpty() && !files.exists(new Path(run, "learning-rates.csv"))) {
            notes.add("there are no events of training: it has not begun, this is no training, or an older version"
                    + " of Convoy has made the run");
        }
        return new RunFolder(
                run.getName(),
                result,
                json(files, new Path(run, Environment.FILE), notes),
                json(files, new Path(run, "evaluation/evaluation.json"), notes),
                json(files, new Path(run, Examples.FILE), notes),
                config,
                new String(
                        bytes(files, new Path(run, "learning-rates.csv"), new ArrayList<>()), StandardCharsets.UTF_8),
                history,
                notes);
    }

    /** What its result says of a run; empty text if there is none. */
    static String status(FileSystem files, Path run) throws IOException {
        return json(files, new Path(run, "result.json"), new ArrayList<>())
                .path("status")
                .asText();
    }

    private static JsonNode json(FileSystem files, Path file, List<String> notes) throws IOException {
        byte[] bytes = bytes(files, file, notes);
        try {
            return bytes.length == 0 ? MissingNode.getInstance() : Json.MAPPER.readTree(bytes);
        } catch (JsonProcessingException | CharConversionException e) {
            notes.add(file.getName() + " is damaged");
            return MissingNode.getInstance();
        }
    }

    private static byte[] bytes(FileSystem files, Path file, List<String> notes) throws IOException {
        try (InputStream in = files.open(file)) {
            return in.readNBytes(MAX_BYTES);
        } catch (FileNotFoundException e) {
            notes.add(file.getName() + " is missing");
            return new byte[0];
        }
    }

    /** A file's content as maps, lists, numbers and texts; an empty map if it is missing. */
    static Object plain(JsonNode node) {
        return node.isObject() ? Json.MAPPER.convertValue(node, Object.class) : Map.of();
    }
}
