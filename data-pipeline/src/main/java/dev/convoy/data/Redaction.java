package dev.convoy.data;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Takes secrets out of what is shown or recorded: values of keys that are called as secrets are, credentials in URLs,
 * and what variables of the environment hold whose names are such keys. The names are those of Spark's own pattern
 * ({@code spark.redaction.regex}), and access keys in other spellings.
 */
public final class Redaction {
    /** What stands in place of a secret. */
    public static final String REDACTED = "<redacted>";

    private static final String KEYS = "secret|password|token|access[._-]?key";
    private static final Pattern KEY = Pattern.compile(KEYS, Pattern.CASE_INSENSITIVE);

    /** A key, quoted or not, and its value behind an equals sign or a colon, up to where a word ends. */
    private static final Pattern PAIR = Pattern.compile(
            "([\\w.-]*(?:" + KEYS + ")[\\w.-]*[\"']?\\s*[=:]\\s*)(\"[^\"]*\"|'[^']*'|[^\\s,;&)}\\]\"']+)",
            Pattern.CASE_INSENSITIVE);

    /** A user and a password before a host; a name alone is no secret, since some storages write containers so. */
    private static final Pattern URL = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*://)[^\\s/:@]*:[^\\s/@]+@");

    /** A shorter text may be a word by chance. */
    private static final int MIN_LENGTH = 8;

    private static final List<String> ENVIRONMENT = secrets(System.getenv());

    private Redaction() {}

    /** The secrets among variables, the longest first, since one may be a part of another. */
    static List<String> secrets(Map<String, String> variables) {
        return variables.entrySet().stream()
                .filter(variable -> isSecret(variable.getKey()))
                .map(Map.Entry::getValue)
                .filter(value -> value.length() >= MIN_LENGTH)
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
    }

    /** Whether what a key of this name holds is a secret. */
    public static boolean isSecret(String key) {
        return KEY.matcher(key).find();
    }

    /** A text without secrets. */
    public static String of(String text) {
        return of(text, ENVIRONMENT);
    }

    static String of(String text, List<String> secrets) {
        if (text == null) {
            return null;
        }
        String shown = text;
        for (String secret : secrets) {
            shown = shown.replace(secret, REDACTED);
        }
        shown = URL.matcher(shown).replaceAll("$1" + REDACTED + "@");
        return PAIR.matcher(shown).replaceAll("$1" + REDACTED);
    }
}
