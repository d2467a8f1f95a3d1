package dev.convoy.mlflow;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Names and texts as MLflow's servers take them; what they would refuse is changed here. */
final class MlflowNames {
    /** The tag that holds the number of a version in Convoy's registry. */
    static final String VERSION_TAG = "convoy.version";

    static final int MAX_PARAM = 6_000;
    static final int MAX_TAG = 5_000;

    private static final int MAX_KEY = 250;
    private static final Pattern REFUSED = Pattern.compile("[^/\\w.\\- ]", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern ALIAS = Pattern.compile("[\\w-]{1,255}");
    private static final Pattern VERSION_ALIAS = Pattern.compile("v[0-9]+");

    private MlflowNames() {}

    /** A key of a metric, a parameter or a tag; keys may become paths on a server. */
    static String key(String key) {
        String shown = REFUSED.matcher(key).replaceAll("_").replaceAll("/{2,}", "/");
        if (shown.isBlank() || shown.startsWith("/") || shown.endsWith("/") || shown.matches("(.*/)?\\.{1,2}(/.*)?")) {
            shown = "_" + shown.replace('/', '_');
        }
        return cut(shown, MAX_KEY);
    }

    /** Texts by key, as MLflow takes them; of keys that become the same, one stays. */
    static <T> Map<String, T> keys(Map<String, T> values) {
        Map<String, T> named = new TreeMap<>();
        new TreeMap<>(values).forEach((key, value) -> named.putIfAbsent(key(key), value));
        return named;
    }

    /** Whether MLflow takes a name for an alias; {@code latest}, and {@code v} with a number, are its own. */
    static boolean isAlias(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return ALIAS.matcher(name).matches()
                && !lower.equals("latest")
                && !VERSION_ALIAS.matcher(lower).matches();
    }

    /** The beginning of a text, at most so many characters, no half of a pair at its end. */
    static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        return text.substring(0, Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most);
    }
}
