package dev.convoy.jobs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import java.util.List;
import java.util.Map;

/**
 * Keys with a value {@code auto} that a run settles by trying, before its first step. It keeps what was chosen for it, so that what goes
 * on with it does the same.
 */
final class AutoKeys {
    private static final String AUTO = "auto";

    private static final List<String> ALL = List.of(PrecisionChoice.KEY, SyncChoice.EXCHANGE, SyncChoice.TRANSPORT);

    private AutoKeys() {}

    static boolean isAuto(Config config, String key) {
        return config.hasPath(key) && config.getString(key).equalsIgnoreCase(AUTO);
    }

    /** The configuration with what was chosen. */
    static Config with(Config config, String key, String chosen) {
        return config.withValue(key, ConfigValueFactory.fromAnyRef(chosen, "chosen for " + key + " = " + AUTO));
    }

    /**
     * Puts what an earlier attempt has chosen in the place of {@code auto}.
     *
     * @param earlier its configuration by key
     */
    static Config asBefore(Config config, Map<String, String> earlier) {
        Config settled = config;
        for (String key : ALL) {
            String before = earlier.get(key);
            settled = isAuto(settled, key) && before != null ? with(settled, key, before) : settled;
        }
        return settled;
    }
}
