package dev.convoy.registry;

import dev.convoy.data.ConvoyException;

/**
 * A version as it is written where a model is expected: {@code registry:NAME@ALIAS} or {@code registry:NAME@NUMBER}; without {@code @} the
 * champion.
 *
 * @param name of the model
 * @param selector an alias or a number
 */
public record RegistryReference(String name, String selector) {
    /** What it begins with. */
    public static final String PREFIX = "registry:";

    public RegistryReference {
        Names.check("model", name);
        if (!Names.isNumber(selector)) {
            Names.checkAlias(selector);
        }
    }

    /** Whether a text is a reference, and no path. */
    public static boolean isReference(String text) {
        return text.startsWith(PREFIX);
    }

    /**
     * Reads a reference, with {@link #PREFIX} or without.
     *
     * @throws ConvoyException if it is none
     */
    public static RegistryReference parse(String text) {
        String rest = isReference(text) ? text.substring(PREFIX.length()) : text;
        int at = rest.indexOf('@');
        return at < 0
                ? new RegistryReference(rest, RegisteredModel.CHAMPION)
                : new RegistryReference(rest.substring(0, at), rest.substring(at + 1));
    }

    @Override
    public String toString() {
        return PREFIX + name + "@" + selector;
    }
}
