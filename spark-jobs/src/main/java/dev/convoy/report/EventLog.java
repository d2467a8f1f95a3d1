package dev.convoy.report;

import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.convoy.model.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes events as JSON, one on each line, and flushes each of them: a process that is killed loses none but the last. On an object store
 * the file is there once it is closed.
 */
public final class EventLog implements EventSink {
    private static final ObjectWriter JSON =
            Json.MAPPER.writerFor(Event.class).without(SerializationFeature.INDENT_OUTPUT);

    private final FSDataOutputStream out;

    private EventLog(FSDataOutputStream out) {
        this.out = out;
    }

    /** The file of an attempt in a run's folder: {@code events.jsonl} of the first, {@code events-2.jsonl} of the second, and so on. */
    public static Path file(Path run, int attempt) {
        return new Path(run, attempt == 1 ? "events.jsonl" : "events-" + attempt + ".jsonl");
    }

    /** Begins the file of an attempt. */
    public static EventLog create(FileSystem files, Path run, int attempt) throws IOException {
        return new EventLog(files.create(file(run, attempt), true));
    }

    @Override
    public void accept(Event event) throws IOException {
        out.write((JSON.writeValueAsString(event) + "\n").getBytes(StandardCharsets.UTF_8));
        out.hflush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
