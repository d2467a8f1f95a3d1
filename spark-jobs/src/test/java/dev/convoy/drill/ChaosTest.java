package dev.convoy.drill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.source.IdxSource;
import dev.convoy.drill.Drill.Disturbance;
import dev.convoy.testing.Digits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Trainings on real executors, disturbed at random moments, come to the bits of one that nothing happens to. */
@Tag("chaos")
@Tag("long")
@Timeout(3600)
class ChaosTest {
    private static final Logger LOG = LoggerFactory.getLogger(ChaosTest.class);

    /** Disturbances of each case; the profile chaos has more. */
    private static final int TIMES = Integer.getInteger("convoy.chaos.times", 1);

    private static final long SEED =
            Long.getLong("convoy.chaos.seed", new Random().nextInt(Integer.MAX_VALUE / 1000) * 1000L);

    @TempDir
    Path folder;

    static Stream<Arguments> trainings() {
        return Stream.of(
                Arguments.of("rounds", "torch", "parameter-averaging", 6, Disturbance.BOTH),
                Arguments.of("all-reduce", "dl4j", "parameter-averaging", 2, Disturbance.CHECKPOINT),
                Arguments.of("all-reduce", "torch", "gradient", 6, Disturbance.DRIVER),
                Arguments.of("rounds", "dl4j", "gradient", 2, Disturbance.EXECUTOR));
    }

    /**
     * @param epochs so that training takes some seconds
     * @param first kind of disturbance; the others follow in turn
     */
    @ParameterizedTest
    @MethodSource("trainings")
    void disturbedTrainingsComeToTheSameBits(
            String transport, String backend, String exchange, int epochs, Disturbance first) throws Exception {
        // Where local-cluster looks for a distribution.
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        Path job = job(transport, backend, exchange, epochs);
        List<Disturbance> disturbances = IntStream.range(first.ordinal(), first.ordinal() + TIMES)
                .mapToObj(i -> Disturbance.values()[i % Disturbance.values().length])
                .toList();
        List<String> command = List.of("train", job.toString(), "--master", "local-cluster[2,1,1024]");
        FileSystem files = FileSystem.getLocal(new Configuration());
        Drill drill = new Drill(files, new org.apache.hadoop.fs.Path(folder + "/runs"), command, LOG::info);
        List<Drill.Outcome> outcomes = drill.run(disturbances, SEED + 100L * first.ordinal());
        outcomes.forEach(outcome -> LOG.info(String.format(
                Locale.ROOT,
                "| %s, %s | %d | %s | %.1f s | %s |",
                transport,
                backend,
                outcome.seed(),
                outcome.what() + (outcome.disturbed() ? "" : " (not disturbed)"),
                outcome.extraSeconds(),
                outcome.agrees() ? "agree" : "DIFFER")));
        assertThat(outcomes).hasSize(TIMES).allMatch(Drill.Outcome::agrees);
    }

    private Path job(String transport, String backend, String exchange, int epochs) throws IOException {
        IdxSource train = Digits.trainGzip(folder);
        IdxSource test = Digits.test(folder);
        return Files.writeString(
                folder.resolve("job.conf"),
                """
                name = digits
                backend.name = %s
                data {
                  train { format = idx, images = "%s", labels = "%s" }
                  test { format = idx, images = "%s", labels = "%s" }
                  batch-size = 16
                }
                network = lenet
                optimizer { type = adamw, learning-rate = 0.001, schedule { type = cosine } }
                sync { exchange = %s, transport = %s, local-steps = 4, timeout = 20 }
                train { epochs = %d, workers = 2 }
                checkpoint.every = %s
                """
                        .formatted(
                                backend,
                                train.images(),
                                train.labels(),
                                test.images(),
                                test.labels(),
                                exchange,
                                transport,
                                epochs,
                                // By time, executors hand states over while they go on.
                                exchange.equals("gradient") && transport.equals("all-reduce")
                                        ? "1 second"
                                        : "5 rounds"));
    }
}
