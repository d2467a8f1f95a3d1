package dev.convoy.config;

import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Redaction;
import dev.convoy.drift.DriftPolicy;
import dev.convoy.gate.GatePolicy;
import java.time.Duration;
import java.util.Optional;

/**
 * {@code retrain.*}.
 *
 * @param model its name in the registry; null for the job's
 * @param start what a challenger's training begins with
 * @param minNewExamples fewer new images are not worth a night; 0 for a night in any case
 * @param maxCopies the largest share of images that are copies of another one
 * @param maxLeaked the largest number of images that are on both sides
 * @param staleAfter seconds without a sign of life after which a job is taken for dead
 */
public record RetrainConfig(
        String model,
        Start start,
        int minNewExamples,
        double maxCopies,
        int maxLeaked,
        int staleAfter,
        DriftPolicy drift,
        GatePolicy gate,
        Mlflow mlflow) {
    /** What training begins with. */
    public enum Start {
        /** The champion's weights. */
        CHAMPION,
        /** What the configuration says for every training. */
        FRESH
    }

    /**
     * {@code retrain.mlflow.*} and {@code report.mlflow.*}.
     *
     * @param uri of a server; null for none
     * @param timeout seconds that a night, or an attempt to tell metrics, gives it in all
     */
    public record Mlflow(String uri, int timeout) {
        private static final String ADDRESS = "https?://[^/?#@\\s]+(/[^?#\\s]*)?";

        public Mlflow {
            if (uri != null && !uri.matches(ADDRESS)) {
                throw new InvalidValueException(
                        "uri", Redaction.of(uri), "it must be http://HOST or https://HOST, without credentials");
            }
            if (timeout < 1 || timeout > 3600) {
                throw new InvalidValueException("timeout", timeout, "allowed are 1 to 3600 seconds");
            }
        }

        /** Where the server is; empty for none. */
        public Optional<String> server() {
            return Optional.ofNullable(uri);
        }
    }

    public RetrainConfig {
        if (minNewExamples < 0) {
            throw new InvalidValueException("minNewExamples", minNewExamples, "it must be at least 0");
        }
        if (!(maxCopies >= 0 && maxCopies <= 1)) {
            throw new InvalidValueException("maxCopies", maxCopies, "allowed are 0 to 1");
        }
        if (maxLeaked < 0) {
            throw new InvalidValueException("maxLeaked", maxLeaked, "it must be at least 0");
        }
        if (staleAfter < 5 || staleAfter > 86_400) {
            throw new InvalidValueException("staleAfter", staleAfter, "allowed are 5 to 86400 seconds");
        }
    }

    /** After what time without a sign of life a job is taken for dead. */
    public Duration stale() {
        return Duration.ofSeconds(staleAfter);
    }
}
