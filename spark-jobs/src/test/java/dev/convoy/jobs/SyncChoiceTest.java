package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.config.JobConfig.Sync.Rule;
import dev.convoy.config.JobConfig.Sync.Transport;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.model.Progress;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingState;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;

/** Choices by times that are given: what ways take in truth is no matter of a test. */
class SyncChoiceTest {
    private static final TrainingState START = TrainingState.start(
            NamedNetwork.LENET.spec(10).bind(new ImageShape(1, 28, 28)).initialState(1), new OptimizerSpec.Sgd());

    /** At the end of the epoch, where a trial ends. */
    private static final TrainingState ENDED = new TrainingState(
            START.model(),
            START.optimizer(),
            START.velocity(),
            START.progress().afterRound(1, 1, 1),
            START.norms(),
            START.tuning(),
            START.epoch(),
            START.grouping(),
            START.lastGood());

    /** Seconds of a round of one step, of which it computes one. */
    private final Map<String, Double> seconds = new HashMap<>();

    private static Config config(Map<String, String> settings) throws IOException {
        Map<String, String> all = new HashMap<>(
                Map.of("data.train", "{ format = folder, path = /digits }", "network", "lenet", "sync", "auto"));
        all.putAll(settings);
        return ConfigReader.of(new TreeMap<>(all), new Configuration());
    }

    private TrainingMaster master(JobConfig job) {
        assertThat(job.sync().localSteps()).isEqualTo("1");
        String way = job.sync().exchange() + " " + job.sync().transport();
        if (!seconds.containsKey(way)) {
            throw new ConvoyException("Cannot use it here");
        }
        return (state, rounds, observer) -> {
            for (int round = 0; round < 12; round++) {
                // The first ones take longer, as they do.
                report(observer, seconds.get(way) + (round < 6 ? 100 : 0));
            }
            return ENDED;
        };
    }

    private static void report(RoundObserver observer, double seconds) {
        observer.roundCompleted(new RoundReport(
                Progress.START,
                true,
                1,
                0.1,
                1,
                1,
                RoundReport.Counts.NONE,
                List.of(),
                List.of(new RoundReport.WorkerTime(1, 0), new RoundReport.WorkerTime(0.5, 0)),
                0,
                seconds));
    }

    private String chosen(int turns, Map<String, String> settings) throws IOException {
        JobConfig.Sync sync = ConfigReader.toJobConfig(SyncChoice.settled(config(settings), turns, START, this::master))
                .sync();
        assertThat(sync.localSteps()).isEqualTo(settings.getOrDefault("sync.local-steps", "16"));
        return sync.exchange() + " " + sync.transport();
    }

    @Test
    void gradientsUnlessTheyHoldTrainingUp() throws IOException {
        seconds.put("GRADIENT ALL_REDUCE", 1.15);
        seconds.put("GRADIENT ROUNDS", 1.9);
        seconds.put("PARAMETER_AVERAGING ALL_REDUCE", 1.3);
        seconds.put("PARAMETER_AVERAGING ROUNDS", 2.0);
        assertThat(chosen(1, Map.of())).isEqualTo("GRADIENT ALL_REDUCE");
        seconds.put("GRADIENT ALL_REDUCE", 1.2);
        assertThat(chosen(1, Map.of()))
                .as("an average of 16 steps costs 1.3 / 16 s a step")
                .isEqualTo("PARAMETER_AVERAGING ALL_REDUCE");
        assertThat(chosen(1, Map.of("sync.local-steps", "2")))
                .as("1.15 s a step is not much less")
                .isEqualTo("GRADIENT ALL_REDUCE");
        assertThat(chosen(1, Map.of("sync.outer", "nesterov"))).isEqualTo("PARAMETER_AVERAGING ALL_REDUCE");
        seconds.put("PARAMETER_AVERAGING ROUNDS", 1.1);
        assertThat(chosen(1, Map.of())).isEqualTo("PARAMETER_AVERAGING ROUNDS");
        assertThat(chosen(1, Map.of("sync.exchange", "gradient"))).isEqualTo("GRADIENT ALL_REDUCE");
    }

    @Test
    void turnsOfATasksWorkersAreNoExchange() throws IOException {
        seconds.put("GRADIENT ALL_REDUCE", 2.3);
        seconds.put("PARAMETER_AVERAGING ALL_REDUCE", 2.3);
        assertThat(chosen(1, Map.of())).isEqualTo("PARAMETER_AVERAGING ALL_REDUCE");
        assertThat(chosen(2, Map.of())).isEqualTo("GRADIENT ALL_REDUCE");
    }

    @Test
    void aWayThatFailsIsNotTaken() throws IOException {
        seconds.put("PARAMETER_AVERAGING ROUNDS", 5.0);
        assertThat(chosen(1, Map.of())).isEqualTo("PARAMETER_AVERAGING ROUNDS");
        seconds.put("GRADIENT ROUNDS", 1.1);
        assertThat(chosen(1, Map.of())).isEqualTo("GRADIENT ROUNDS");
        seconds.clear();
        assertThat(chosen(1, Map.of())).as("training will tell what is wrong").isEqualTo("PARAMETER_AVERAGING ROUNDS");
    }

    @Test
    void whatIsSaidIsNotChosen() throws IOException {
        Config said = config(Map.of("sync.exchange", "gradient", "sync.transport", "rounds"));
        assertThat(SyncChoice.settled(said, 1, START, this::master)).isEqualTo(said);
        assertThat(ConfigReader.toJobConfig(said).sync())
                .extracting(JobConfig.Sync::exchange, JobConfig.Sync::transport)
                .containsExactly(Rule.GRADIENT, Transport.ROUNDS);
    }
}
