package dev.convoy.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.math.BigDecimal;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The values of a configuration that a training's result depends on, to compare it with another one. */
public final class SignificantKeys {
    /**
     * Keys that say where things are, and how they are done, but not what comes out; and those that are compared otherwise: images by what
     * they are, the backend and the number of workers by what they cost in exactness.
     */
    private static final Pattern OTHERS =
            Pattern.compile("name|run\\..*|prepare\\..*|registry\\..*|retrain\\..*|report\\..*|checkpoint\\..*"
                    + "|data\\.(?:train|test|split)(?:\\..*)?|data\\.(?:cache|loader-threads|on-bad-image|max-bad-fraction)"
                    + "|backend\\.(?:name|device)|train\\.workers"
                    + "|sync\\.(?:timeout|shared-memory|network|overlap|allow-plain-text)");

    /** With few enough digits to be written out. */
    private static final String NUMBER = "-?[0-9]{1,30}(?:\\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?";

    private SignificantKeys() {}

    /** The values as text, by key; without secrets of the environment. */
    public static Map<String, String> of(Config config) {
        Map<String, String> values = new TreeMap<>();
        for (Map.Entry<String, ConfigValue> entry : config.entrySet()) {
            if (!OTHERS.matcher(entry.getKey()).matches()) {
                values.put(entry.getKey(), text(SecretFilter.withoutSecrets(entry.getKey(), entry.getValue())));
            }
        }
        return values;
    }

    /** A number in one form, whoever wrote it: what the command line sets is text. */
    private static String text(ConfigValue value) {
        if (value.valueType() == ConfigValueType.LIST) {
            return value.render(ConfigRenderOptions.concise());
        }
        String text = String.valueOf(value.unwrapped());
        return text.matches(NUMBER) ? new BigDecimal(text).stripTrailingZeros().toPlainString() : text;
    }
}
