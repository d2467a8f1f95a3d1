package dev.convoy.jobs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.config.JobConfig.Sync.Rule;
import dev.convoy.config.JobConfig.Sync.Transport;
import dev.convoy.data.Printable;
import dev.convoy.model.Json;
import dev.convoy.storage.Interruption;
import dev.convoy.train.DivergedException;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.GradientAveraging;
import dev.convoy.train.sync.LocalStepsTuning;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Settles {@code sync.exchange = auto} and {@code sync.transport = auto}: a few rounds are trained in each way that is possible, with the
 * network, images and executors that will train, and what they came to is thrown away. A way that fails here is not taken.
 */
final class SyncChoice {
    private static final Logger LOG = LoggerFactory.getLogger(SyncChoice.class);

    static final String EXCHANGE = "sync.exchange";
    static final String TRANSPORT = "sync.transport";
    private static final String LOCAL_STEPS = "sync.local-steps";

    /** Of the rounds of a trial the later half counts, when the JVM has warmed up; so many at least. */
    private static final int ROUNDS = 12;

    /** How long a trial goes on beyond these, since only long ones of short steps are warm. */
    private static final long WARM_NANOS = 2_000_000_000L;

    /** Where a step takes long, so many do, after this time. */
    private static final int FEW_ROUNDS = 3;

    private static final long LONG_NANOS = 20_000_000_000L;

    private static final int MAX_ROUNDS = 1000;

    private SyncChoice() {}

    /**
     * What a step takes in one way.
     *
     * @param config with it
     * @param seconds of a step, with its share of the exchange
     */
    record Way(Config config, Rule exchange, Transport transport, double seconds) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT, "%s by %s %.1f ms", Json.key(exchange), Json.key(transport), 1e3 * seconds);
        }
    }

    /**
     * Puts what is best in the place of {@code auto}.
     *
     * @param turns that workers of a task take in a round
     * @param start a state to try it with
     * @param masters for a configuration that names exchange and transport
     */
    static Config settled(Config config, int turns, TrainingState start, Function<JobConfig, TrainingMaster> masters) {
        List<Config> candidates = candidates(config);
        if (candidates.size() == 1) {
            return candidates.get(0);
        }
        Trial trial = new Trial(turns, start, masters);
        // What runs first pays for what is loaded and compiled, so it runs once more.
        trial.of(candidates.get(0));
        List<Way> ways =
                candidates.stream().map(trial::of).flatMap(Optional::stream).toList();
        if (ways.isEmpty()) {
            // Training will say why.
            return candidates.get(candidates.size() - 1);
        }
        Way best = best(ways);
        LOG.info(
                "sync = auto: {} by {}; a step, with its share of the exchange, takes: {}",
                Json.key(best.exchange),
                Json.key(best.transport),
                ways.stream().map(Way::toString).collect(Collectors.joining(", ")));
        return best.config;
    }

    /** All that the configuration leaves open; the one that can be used everywhere comes last. */
    private static List<Config> candidates(Config config) {
        JobConfig.Sync sync = ConfigReader.toJobConfig(config).sync();
        List<Rule> exchanges = sync.exchange() != Rule.AUTO
                ? List.of(sync.exchange())
                : sync.outer().hasVelocity()
                        ? List.of(Rule.PARAMETER_AVERAGING)
                        : List.of(Rule.GRADIENT, Rule.PARAMETER_AVERAGING);
        List<Transport> transports = sync.transport() != Transport.AUTO
                ? List.of(sync.transport())
                : List.of(Transport.ALL_REDUCE, Transport.ROUNDS);
        return transports.stream()
                .flatMap(transport -> exchanges.stream().map(exchange -> with(config, exchange, transport)))
                .toList();
    }

    private static Config with(Config config, Rule exchange, Transport transport) {
        Config settled =
                AutoKeys.isAuto(config, EXCHANGE) ? AutoKeys.with(config, EXCHANGE, Json.key(exchange)) : config;
        return AutoKeys.isAuto(settled, TRANSPORT) ? AutoKeys.with(settled, TRANSPORT, Json.key(transport)) : settled;
    }

    /** The fastest with gradients, unless averages are so much faster that another course of training is worth it. */
    static Way best(List<Way> ways) {
        Comparator<Way> bySeconds = Comparator.comparingDouble(Way::seconds);
        Way fastest = ways.stream().min(bySeconds).orElseThrow();
        return ways.stream()
                .filter(way -> way.exchange == Rule.GRADIENT)
                .min(bySeconds)
                .filter(way -> GradientAveraging.isWorthwhile(way.seconds, fastest.seconds))
                .orElse(fastest);
    }

    private record Trial(int turns, TrainingState start, Function<JobConfig, TrainingMaster> masters) {
        Optional<Way> of(Config candidate) {
            JobConfig job = ConfigReader.toTrainingConfig(candidate);
            // Read by other threads too, when they ask for an end.
            List<RoundReport> rounds = new CopyOnWriteArrayList<>();
            try (TrainingMaster master = masters.apply(single(candidate))) {
                RoundObserver observer = observer(rounds);
                TrainingState state = start;
                // Little by little: executors that cannot be told to end go through all of the rounds that they were
                // given.
                for (int some = FEW_ROUNDS; goesOn(state, observer, rounds.size()); some *= 2) {
                    state = master.advance(state, Math.min(some, MAX_ROUNDS - rounds.size()), observer);
                }
            } catch (DivergedException e) {
                // For training to tell; its rounds took what they take.
                LOG.debug("A trial has diverged", e);
            } catch (Exception e) {
                // Exception, since Spark's own are checked but not declared.
                LOG.info(
                        "sync = auto: not {} by {}: {}",
                        Json.key(job.sync().exchange()),
                        Json.key(job.sync().transport()),
                        Printable.firstLine(e));
                Interruption.keep(e);
                return Optional.empty();
            }
            return rounds.isEmpty() ? Optional.empty() : Optional.of(way(candidate, job.sync(), rounds));
        }

        private boolean goesOn(TrainingState state, RoundObserver observer, int rounds) {
            return state.progress().epoch() == start.progress().epoch() && rounds < MAX_ROUNDS && !observer.wantsEnd();
        }

        /** Rounds of one step tell both what a step takes and what an exchange does. */
        private static JobConfig single(Config candidate) {
            return ConfigReader.toTrainingConfig(candidate.withValue(LOCAL_STEPS, ConfigValueFactory.fromAnyRef("1")));
        }

        private static RoundObserver observer(List<RoundReport> rounds) {
            long began = System.nanoTime();
            return new RoundObserver() {
                @Override
                public void roundCompleted(RoundReport round) {
                    rounds.add(round);
                }

                @Override
                public boolean wantsEnd() {
                    long nanos = System.nanoTime() - began;
                    return rounds.size() >= ROUNDS && nanos > WARM_NANOS
                            || rounds.size() >= FEW_ROUNDS && nanos > LONG_NANOS;
                }
            };
        }

        private Way way(Config candidate, JobConfig.Sync sync, List<RoundReport> rounds) {
            double seconds = median(rounds, RoundReport::seconds);
            double compute = Math.min(
                    seconds, turns * median(rounds, round -> round.times().compute()));
            double steps = sync.exchange() == Rule.GRADIENT ? 1 : localSteps(sync, compute, seconds - compute);
            return new Way(candidate, sync.exchange(), sync.transport(), compute + (seconds - compute) / steps);
        }

        private static double localSteps(JobConfig.Sync sync, double compute, double exchange) {
            return sync.localSteps().equals("auto")
                    ? LocalStepsTuning.localSteps(compute, exchange, Integer.MAX_VALUE)
                    : Integer.parseInt(sync.localSteps());
        }

        private static double median(List<RoundReport> rounds, ToDoubleFunction<RoundReport> value) {
            double[] later = rounds.subList(rounds.size() / 2, rounds.size()).stream()
                    .mapToDouble(value)
                    .sorted()
                    .toArray();
            return later[later.length / 2];
        }
    }
}
