package dev.convoy.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** In what two versions differ. */
public record VersionDiff(List<Difference> differences) {
    private static final String NONE = "-";

    /**
     * One value.
     *
     * @param section training, data, configuration, metrics or classes
     * @param key in this section
     * @param a the value of the first, {@code -} if it has none
     * @param b the value of the second
     */
    public record Difference(String section, String key, String a, String b) {}

    public VersionDiff {
        differences = List.copyOf(differences);
    }

    /** Compares; what is equal is left out. */
    public static VersionDiff of(VersionInfo a, VersionInfo b) {
        List<Difference> differences = new ArrayList<>();
        compare("training", training(a), training(b), differences);
        compare("data", data(a), data(b), differences);
        compare("configuration", a.configuration(), b.configuration(), differences);
        compare("metrics", texts(a.metrics()), texts(b.metrics()), differences);
        compare("classes", classes(a), classes(b), differences);
        return new VersionDiff(differences);
    }

    private static Map<String, String> training(VersionInfo info) {
        return Map.of(
                "code-version", info.codeVersion(),
                "seed", Long.toString(info.seed()),
                "parent", info.parent() == null ? NONE : info.parent().toString());
    }

    private static Map<String, String> data(VersionInfo info) {
        return Map.of("description", info.data(), "manifest-hash", info.manifestHash());
    }

    private static Map<String, String> texts(Map<String, Double> values) {
        Map<String, String> texts = new TreeMap<>();
        values.forEach((key, value) -> texts.put(key, value.toString()));
        return texts;
    }

    private static Map<String, String> classes(VersionInfo info) {
        Map<String, String> outputs = new TreeMap<>();
        for (int i = 0; i < info.classNames().size(); i++) {
            outputs.put(info.classNames().get(i), "output " + i);
        }
        return outputs;
    }

    private static void compare(
            String section, Map<String, String> a, Map<String, String> b, List<Difference> differences) {
        TreeSet<String> keys = new TreeSet<>(a.keySet());
        keys.addAll(b.keySet());
        for (String key : keys) {
            String first = a.getOrDefault(key, NONE);
            String second = b.getOrDefault(key, NONE);
            if (!first.equals(second)) {
                differences.add(new Difference(section, key, first, second));
            }
        }
    }
}
