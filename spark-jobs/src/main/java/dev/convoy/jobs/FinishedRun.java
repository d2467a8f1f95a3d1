package dev.convoy.jobs;

/**
 * A job that ended well.
 *
 * @param directory where its files are
 * @param result as in {@code result.json}
 */
public record FinishedRun(String directory, Result result) {}
