package dev.convoy.benchmarks.contest;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Where the time of training with exchange went, as shares that add up to one, and what was sent.
 *
 * @param data the workers', without a batch to train on, on average
 * @param compute the workers' other time of their own, on average
 * @param waiting for the slowest worker, on average
 * @param launch until tasks run: scheduling, reading the task; for a segment also meeting and loading the state
 * @param serialise turning results into bytes
 * @param network of {@code rounds}: fetching and loading the state, and results on their way to the driver; of
 *     all-reduce: sums between groups of workers that share memory
 * @param reduce the rest: adding, applying, and what the driver does between jobs
 * @param bytesPerRound received by all network interfaces of the machine, loopback among them; null where the system
 *     does not tell
 */
public record Shares(
        @JsonProperty double data,
        @JsonProperty double compute,
        @JsonProperty double waiting,
        @JsonProperty double launch,
        @JsonProperty double serialise,
        @JsonProperty double network,
        @JsonProperty double reduce,
        @JsonProperty Double bytesPerRound) {
    static final String HEADINGS = String.format(
            "%6s %8s %6s %7s %6s %8s %7s %13s",
            "data", "compute", "wait", "launch", "serial", "network", "reduce", "bytes/round");

    /** Over several turns. */
    static Shares mean(List<Shares> turns) {
        return new Shares(
                mean(turns, Shares::data),
                mean(turns, Shares::compute),
                mean(turns, Shares::waiting),
                mean(turns, Shares::launch),
                mean(turns, Shares::serialise),
                mean(turns, Shares::network),
                mean(turns, Shares::reduce),
                turns.get(0).bytesPerRound == null ? null : (Double) mean(turns, Shares::bytesPerRound));
    }

    private static double mean(List<Shares> turns, ToDoubleFunction<Shares> part) {
        return turns.stream().mapToDouble(part).average().orElseThrow();
    }

    /** Under {@link #HEADINGS}. */
    String columns() {
        return String.format(
                Locale.ROOT,
                "%6.3f %8.3f %6.3f %7.3f %6.3f %8.3f %7.3f %,13.0f",
                data,
                compute,
                waiting,
                launch,
                serialise,
                network,
                reduce,
                bytesPerRound);
    }
}
