package dev.convoy.benchmarks.contest;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a benchmark prints as it goes along, and writes as JSON in the end. */
public final class Report {
    private final Map<String, Object> contents = new TreeMap<>();
    private final List<Double> slowestCore = new ArrayList<>();

    /**
     * One contestant's result.
     *
     * @param median images a second
     * @param rates of every turn
     * @param ratio to the contestant that all are measured by
     * @param shares null if it does not tell
     */
    public record Line(String name, double median, List<Double> rates, double ratio, Shares shares) {
        public static Line of(Contestant one, double measure) {
            return new Line(one.name(), one.median(), one.rates(), one.median() / measure, one.shares());
        }
    }

    /**
     * Prints where and with what it runs.
     *
     * @param python null if it is left out
     * @param module what Python is asked for, for example {@code torch}
     */
    public Report(String python, String module, Map<String, Object> settings) throws IOException {
        contents.put("machine", Machine.describe());
        contents.put("versions", Machine.versions(python, module));
        contents.put("settings", settings);
        contents.put("slowest core, of the fastest", slowestCore);
        slowestCore.add(Cores.slowest());
        contents.forEach((key, value) -> System.out.println(key + ": " + value));
    }

    public void put(String key, Object value) {
        contents.put(key, value);
    }

    /**
     * Prints and keeps a table, and how even the machine's cores were, from the start and after each table.
     *
     * @param measure what ratios are to
     */
    public void table(String title, String measure, List<Line> lines) {
        contents.put(title.toLowerCase(Locale.ROOT), lines);
        boolean shares = lines.stream().anyMatch(line -> line.shares != null);
        System.out.printf("%n%-46s %10s %18s %s%n", title, "images/s", measure, shares ? Shares.HEADINGS : "");
        lines.forEach(line -> System.out.printf(
                "%-46s %,10.0f %18.2f %s%n",
                line.name, line.median, line.ratio, line.shares == null ? "" : line.shares.columns()));
        slowestCore.add(Cores.slowest());
        System.out.println("slowest core, of the fastest: " + Cores.describe(slowestCore));
    }

    public void write(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), contents);
        System.out.println("\nwritten: " + file);
    }
}
