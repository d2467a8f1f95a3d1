package dev.convoy.data;

/**
 * A value that a record does not take. It names the property as Java does; whoever has the value from elsewhere, such
 * as a configuration, can say where from.
 */
public final class InvalidValueException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    private final String property;
    private final String value;
    private final String allowed;

    /**
     * @param property the record's component, for example {@code localSteps}
     * @param value that was given
     * @param allowed a clause about what is, for example {@code it must be at least 1}
     */
    public InvalidValueException(String property, Object value, String allowed) {
        super("Cannot use " + property + " = " + value + "; " + allowed);
        this.property = property;
        this.value = String.valueOf(value);
        this.allowed = allowed;
    }

    /** The record's component. */
    public String property() {
        return property;
    }

    /** What was given, in words. */
    public String value() {
        return value;
    }

    /** What is allowed, as a clause. */
    public String allowed() {
        return allowed;
    }
}
