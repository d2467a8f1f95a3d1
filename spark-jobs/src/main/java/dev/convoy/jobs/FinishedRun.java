package dev.convoy.jobs;

/**
 * A job that ended well.
 *
 * @param directory where its files are, as messages call it
 * @param uri where its files are, whole
 * @param result as in {@code result.json}
 */
public record FinishedRun(String directory, String uri, Result result) {}
