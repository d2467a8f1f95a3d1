package dev.convoy.cli;

import dev.convoy.data.Printable;
import dev.convoy.registry.AliasEntry;
import dev.convoy.registry.AliasLog;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.VersionInfo;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a registry holds, as text. */
final class ModelTables {
    static final String NONE = "-";

    private ModelTables() {}

    /** Prints rows below each other, columns as wide as their cells. */
    static void print(List<List<String>> rows, PrintStream out) {
        int columns = rows.get(0).size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                widths[c] = Math.max(widths[c], Printable.of(row.get(c)).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int c = 0; c < columns; c++) {
                String cell = Printable.of(row.get(c));
                line.append(cell).append(" ".repeat(widths[c] - cell.length() + 2));
            }
            out.println(line.toString().stripTrailing());
        }
    }

    static String text(OptionalInt number) {
        return number.isPresent() ? Integer.toString(number.getAsInt()) : NONE;
    }

    /** The aliases that point to versions, by version; with {@code previous}. */
    static Map<Integer, List<String>> aliases(RegisteredModel model) throws IOException {
        Map<Integer, List<String>> byVersion = new TreeMap<>();
        for (String alias : model.aliases()) {
            AliasLog.Reading reading = model.alias(alias).read();
            reading.faults().forEach(fault -> System.err.println("warning: " + model.name() + "/" + fault));
            put(byVersion, reading.version(), alias);
            if (alias.equals(RegisteredModel.CHAMPION)) {
                put(byVersion, reading.previous(), RegisteredModel.PREVIOUS);
            }
        }
        return byVersion;
    }

    private static void put(Map<Integer, List<String>> byVersion, OptionalInt version, String alias) {
        version.ifPresent(number ->
                byVersion.computeIfAbsent(number, none -> new ArrayList<>()).add(alias));
    }

    static String metrics(VersionInfo info) {
        return info.metrics().isEmpty()
                ? NONE
                : info.metrics().entrySet().stream()
                        .map(metric -> String.format(Locale.ROOT, "%s %.4f", metric.getKey(), metric.getValue()))
                        .collect(Collectors.joining(", "));
    }

    /** Everything that is known of a version. */
    static List<List<String>> describe(RegisteredModel model, ModelVersion version) throws IOException {
        VersionInfo info = version.info();
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("version", model.name() + "@" + info.number()));
        rows.add(List.of("aliases", join(aliases(model).getOrDefault(info.number(), List.of()))));
        rows.add(List.of("created", info.created()));
        rows.add(List.of("parent", text(info.parentNumber())));
        rows.add(List.of("run key", info.runKey()));
        rows.add(List.of("code", shown(info.codeVersion())));
        rows.add(List.of("seed", Long.toString(info.seed())));
        rows.add(List.of("data", shown(info.data())));
        rows.add(List.of("manifest", shown(info.manifestHash())));
        rows.add(List.of("metrics", metrics(info)));
        rows.add(List.of("classes", join(info.classNames())));
        rows.add(List.of("run", shown(info.runDirectory())));
        rows.add(List.of("reason", shown(info.reason())));
        rows.add(List.of("model", version.model().toString()));
        info.configuration().forEach((key, value) -> rows.add(List.of("", key + " = " + value)));
        return rows;
    }

    static String join(List<String> values) {
        return values.isEmpty() ? NONE : String.join(", ", values);
    }

    private static String shown(String text) {
        return text.isEmpty() ? NONE : text;
    }

    /** One line for every entry, the newest first. */
    static List<List<String>> history(List<AliasEntry> entries) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("entry", "time", "action", "version", "by", "reason"));
        for (int i = entries.size() - 1; i >= 0; i--) {
            AliasEntry entry = entries.get(i);
            rows.add(List.of(
                    Integer.toString(entry.number()),
                    entry.time(),
                    entry.action().name().toLowerCase(Locale.ROOT),
                    text(entry.versionNumber()),
                    entry.who().user() + "@" + entry.who().host(),
                    entry.reason()));
        }
        return rows;
    }
}
