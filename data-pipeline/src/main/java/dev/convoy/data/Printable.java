package dev.convoy.data;

/** Names and messages as they may be shown: nothing in them moves a cursor, ends a line or turns text around. */
public final class Printable {
    private Printable() {}

    /** Writes out a text's control characters, line ends and marks of direction, as \\u001B. */
    public static String of(String text) {
        if (text == null || text.chars().noneMatch(Printable::isHarmful)) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        text.chars().forEach(character -> {
            if (isHarmful(character)) {
                shown.append(String.format("\\u%04X", character));
            } else {
                shown.append((char) character);
            }
        });
        return shown.toString();
    }

    /** Writes a text out like {@link #of}, as the cell of a table, so that no spreadsheet takes it for a formula. */
    public static String cell(String text) {
        String shown = of(text);
        return shown != null && !shown.isEmpty() && "=+-@".indexOf(shown.charAt(0)) >= 0 ? "'" + shown : shown;
    }

    /** The first line of an exception's message; those of other programs may have many, or none, which their names stand for. */
    public static String firstLine(Throwable e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse("");
    }

    private static boolean isHarmful(int character) {
        boolean direction = character >= 0x202A && character <= 0x202E
                || character >= 0x2066 && character <= 0x2069
                || character == 0x200E
                || character == 0x200F
                || character == 0x061C;
        boolean line = character == 0x2028 || character == 0x2029;
        return Character.isISOControl(character) || direction || line;
    }
}
