package dev.convoy.doctor;

/**
 * Something that was looked at.
 *
 * @param subject what, in one or two words
 * @param where process or place
 * @param finding what was found
 * @param advice the setting to change; empty if there is nothing to do
 */
public record Check(Level level, String subject, String where, String finding, String advice) {
    /** How bad it is, the worst last. */
    public enum Level {
        OK,
        /** It will run, but slower, or not as well as it could. */
        WARN,
        /** It cannot run, or will end early. */
        FAIL
    }

    static Check ok(String subject, String where, String finding) {
        return new Check(Level.OK, subject, where, finding, "");
    }

    static Check warn(String subject, String where, String finding, String advice) {
        return new Check(Level.WARN, subject, where, finding, advice);
    }

    static Check fail(String subject, String where, String finding, String advice) {
        return new Check(Level.FAIL, subject, where, finding, advice);
    }
}
