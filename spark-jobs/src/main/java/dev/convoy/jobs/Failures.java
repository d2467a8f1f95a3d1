package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.Redaction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.util.VersionInfo;

/** Turns whatever went wrong, here or on an executor, into one line that says what to do. */
public final class Failures {
    private static final String S3A =
            "; put hadoop-aws of the cluster's Hadoop version on the class path (spark-submit --packages"
                    + " org.apache.hadoop:hadoop-aws:" + VersionInfo.getVersion() + ")";

    /** Parts of other programs' messages, and what they mean to a user. */
    private static final Map<String, String> HINTS = Map.of(
            "No FileSystem for scheme \"s3a\"",
            S3A,
            "S3AFileSystem not found",
            S3A,
            "No FileSystem for scheme",
            "; a library for this scheme is missing on the class path (spark-submit --packages or --jars)",
            "System memory",
            "; give the driver's heap more memory (CONVOY_JAVA_OPTIONS=-Xmx1g, or spark-submit --driver-memory 1g)",
            "Could not parse Master URL",
            "; allowed are local[N], local[*], yarn, spark://host:port and k8s://https://host:port",
            "No space left on device",
            "; make space, or point spark.local.dir and run.directory elsewhere");

    private Failures() {}

    /**
     * The failure as a user can mend it.
     *
     * @return a {@link ConvoyException}, the failure itself if it is one, or has one among its causes
     */
    public static ConvoyException explain(Throwable failure) {
        ConvoyException known = ExceptionUtils.throwableOfType(failure, ConvoyException.class);
        if (known != null) {
            return known;
        }
        if (ExceptionUtils.indexOfType(failure, OutOfMemoryError.class) >= 0) {
            return new ConvoyException(
                    "Cannot go on: Java's heap of " + (Runtime.getRuntime().maxMemory() >> 20)
                            + " MiB is full; give more (CONVOY_JAVA_OPTIONS=-Xmx8g, or spark-submit --driver-memory and"
                            + " --executor-memory), lower data.batch-size, or set data.cache = disk",
                    failure);
        }
        if (ExceptionUtils.indexOfType(failure, InterruptedException.class) >= 0) {
            return new ConvoyException("Cannot go on: the thread was interrupted", failure);
        }
        if (ExceptionUtils.indexOfType(failure, StackOverflowError.class) >= 0) {
            return new ConvoyException("Cannot go on: something is nested too deeply", failure);
        }
        Throwable root = ExceptionUtils.getRootCause(failure);
        String reason = reason(root == null ? failure : root);
        return new ConvoyException("Cannot go on: " + reason + hint(reason), failure);
    }

    /** Messages of these stand for themselves; others need their name. */
    private static String reason(Throwable root) {
        String message = Printable.firstLine(root).strip();
        boolean plain = root.getClass() == IOException.class
                || root instanceof UncheckedIOException
                || root instanceof FSError
                || root instanceof IllegalArgumentException
                || root instanceof UnsupportedFileSystemException
                || root.getClass().getName().startsWith("org.apache.spark.");
        return plain && !message.isEmpty()
                ? message
                : root.getClass().getSimpleName() + (root.getMessage() == null ? "" : ": " + message);
    }

    private static String hint(String reason) {
        return List.copyOf(HINTS.entrySet()).stream()
                .filter(hint -> reason.contains(hint.getKey()))
                // The longest says most.
                .max((a, b) -> Integer.compare(a.getKey().length(), b.getKey().length()))
                .map(Map.Entry::getValue)
                .orElse("");
    }

    /** The stack trace, for a file that tells more than the one line; without secrets. */
    public static String details(Throwable failure) {
        return Redaction.of(ExceptionUtils.getStackTrace(failure));
    }

    /** Whether somebody who knew what can go wrong has put it into words. */
    public static boolean isExpected(Throwable failure) {
        return ExceptionUtils.throwableOfType(failure, ConvoyException.class) != null;
    }
}
