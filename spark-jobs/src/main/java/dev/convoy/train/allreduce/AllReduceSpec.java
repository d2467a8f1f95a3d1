package dev.convoy.train.allreduce;

import dev.convoy.collective.CollectiveBackend;
import dev.convoy.data.InvalidValueException;
import dev.convoy.train.sync.Exchange;
import java.io.Serializable;

/**
 * How executors sum among themselves.
 *
 * @param sharing whose ranks share memory
 * @param backend that sums go between them with
 * @param overlap whether gradients go to other groups while the rest of them is still computed; with Gloo, and replicas whose
 *     gradients come in parts
 * @param timeoutSeconds how long one rank waits for another, at least 1; with overlap longer than going backwards takes
 * @param attempts how often a segment is tried, at least 1
 * @param plainText what may travel unencrypted
 */
public record AllReduceSpec(
        Sharing sharing,
        CollectiveBackend backend,
        boolean overlap,
        long timeoutSeconds,
        int attempts,
        PlainTextPolicy plainText)
        implements Serializable {
    /** As often as Spark tries a task. */
    public static final int ATTEMPTS = 4;

    /** A day. */
    private static final long MAX_TIMEOUT = 86_400;

    /** Whose ranks share memory. */
    public enum Sharing {
        /** All of one host, whichever executors they belong to. */
        HOST,
        /** Only those of one executor: where executors of one host have file systems of their own. */
        EXECUTOR
    }

    /** What may travel unencrypted. No library has either encryption or authentication. */
    public enum PlainTextPolicy {
        /** Nothing, where Spark is told to encrypt or authenticate. */
        AS_SPARK_ALLOWS,
        /** Everything. */
        ALWAYS
    }

    public AllReduceSpec {
        if (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT) {
            throw new InvalidValueException(
                    "timeoutSeconds", timeoutSeconds, "allowed are 1 to " + MAX_TIMEOUT + " seconds");
        }
        if (attempts < 1) {
            throw new InvalidValueException("attempts", attempts, "it must be at least 1");
        }
    }

    /** Memory of the host, Gloo with overlap, and two minutes. */
    public static AllReduceSpec defaults() {
        return new AllReduceSpec(
                Sharing.HOST, CollectiveBackend.GLOO, true, 120, ATTEMPTS, PlainTextPolicy.AS_SPARK_ALLOWS);
    }

    /**
     * Bytes that the ranks that share memory hold once for all, beside the vectors that they sum: parameters and the optimizer's memory,
     * where replicas can compute with them there.
     *
     * @param slots vectors in the optimizer's memory
     */
    public static long heldBytes(Exchange exchange, int parameters, int slots) {
        return HeldModel.lengths(exchange, parameters, slots).stream()
                .mapToLong(length -> (long) Float.BYTES * length)
                .sum();
    }
}
