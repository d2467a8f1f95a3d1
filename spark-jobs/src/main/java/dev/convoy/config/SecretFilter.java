package dev.convoy.config;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import dev.convoy.data.Redaction;
import java.util.Map;

/** Takes secrets out of a configuration that is to be recorded. */
final class SecretFilter {
    /** How the parser calls where values of the environment come from. */
    private static final String ENVIRONMENT = "env variables";

    private SecretFilter() {}

    /**
     * Leaves out text from the environment, text under keys that are called as secrets are, and credentials in URLs.
     *
     * @param path of the value; whatever is below a secret's key is one too
     */
    static ConfigValue withoutSecrets(String path, ConfigValue value) {
        if (value instanceof ConfigObject object) {
            ConfigObject hidden = object;
            for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
                String inner = path + "." + entry.getKey();
                hidden = hidden.withValue(entry.getKey(), withoutSecrets(inner, entry.getValue()));
            }
            return hidden;
        }
        if (value instanceof ConfigList list) {
            return ConfigValueFactory.fromIterable(
                    list.stream().map(element -> withoutSecrets(path, element)).toList());
        }
        String text =
                value.valueType() == ConfigValueType.STRING ? value.unwrapped().toString() : "";
        if (text.matches("(true|false|[0-9.eE+-]+)?")) {
            return value;
        }
        if (value.origin().description().contains(ENVIRONMENT)) {
            return ConfigValueFactory.fromAnyRef("<not recorded: from the environment>");
        }
        String shown = Redaction.isSecret(path) ? Redaction.REDACTED : Redaction.of(text);
        return shown.equals(text) ? value : ConfigValueFactory.fromAnyRef(shown);
    }
}
