package dev.convoy.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.convoy.model.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A run's events over all of its attempts, in order: what an attempt did beyond the step from which a later one goes on was repeated by
 * that, and is left out.
 */
public final class RunHistory {
    private static final ObjectReader JSON = Json.MAPPER
            .readerFor(Event.class)
            // A later version may tell more.
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final List<Event> events = new ArrayList<>();
    private int unreadable;

    private RunHistory() {}

    /** Reads the events of a run; of one that has none, for example since an older version has made it, none. */
    public static RunHistory read(FileSystem files, Path run) throws IOException {
        RunHistory history = new RunHistory();
        for (int attempt = 1; attempt <= lastAttempt(files, run); attempt++) {
            Path file = EventLog.file(run, attempt);
            if (files.exists(file)) {
                history.add(files, file);
            }
        }
        return history;
    }

    /** Not every attempt comes as far as to events. */
    private static int lastAttempt(FileSystem files, Path run) throws IOException {
        int last = 1;
        for (var status : files.listStatus(run)) {
            String name = status.getPath().getName();
            if (name.matches("events-[0-9]{1,6}\\.jsonl")) {
                last = Math.max(last, Integer.parseInt(name.substring(7, name.length() - 6)));
            }
        }
        return last;
    }

    private void add(FileSystem files, Path file) throws IOException {
        var decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPLACE);
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(files.open(file), decoder))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                try {
                    add(JSON.readValue(line));
                } catch (JsonProcessingException e) {
                    // The last line of a process that was killed, or an event that this version does not know.
                    unreadable++;
                }
            }
        }
    }

    private void add(Event event) {
        if (event instanceof Event.Started started) {
            events.removeIf(earlier -> !(earlier instanceof Event.Started) && earlier.step() > started.step());
        }
        if (event instanceof Event.Epoch epoch) {
            events.removeIf(earlier -> earlier instanceof Event.Epoch same && same.epoch() == epoch.epoch());
        }
        if (event instanceof Event.Weights weights) {
            events.removeIf(earlier -> earlier instanceof Event.Weights same && same.epoch() == weights.epoch());
        }
        events.add(event);
    }

    /** All events, in order. */
    public List<Event> all() {
        return List.copyOf(events);
    }

    /** The events of a kind, in order. */
    public <E extends Event> List<E> of(Class<E> kind) {
        return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** The last event of a kind; empty if there is none. */
    public <E extends Event> Optional<E> last(Class<E> kind) {
        List<E> all = of(kind);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** Lines that could not be read. */
    public int unreadable() {
        return unreadable;
    }
}
