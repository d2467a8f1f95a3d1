package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import java.util.regex.Pattern;

/** What models, aliases, run keys and files may be called, so that none leaves its folder or hides in it. */
final class Names {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");
    private static final Pattern NUMBER = Pattern.compile("[0-9]+");

    private Names() {}

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /**
     * @param what the name is of, as messages call it
     * @throws ConvoyException if it is none
     */
    static String check(String what, String name) {
        if (name == null || !isName(name)) {
            throw new ConvoyException(
                    "Cannot use " + what + " = " + name + "; allowed are 1 to 100 letters, digits, dots,"
                            + " underscores and hyphens, not beginning with a dot");
        }
        return name;
    }

    static String checkAlias(String alias) {
        if (isNumber(check("alias", alias))) {
            throw new ConvoyException("Cannot use alias = " + alias
                    + "; numbers are those of versions: give it a letter, as in champion");
        }
        return alias;
    }

    static boolean isNumber(String text) {
        return NUMBER.matcher(text).matches();
    }
}
