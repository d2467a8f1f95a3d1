package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.convoy.jobs.RetrainJob.Step;
import dev.convoy.registry.AliasEntry;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.retrain.Outcome;
import dev.convoy.testing.ArchivedClassPath;
import dev.convoy.testing.Digits;
import dev.convoy.testing.GrowingDigits;
import dev.convoy.testing.JavaProcess;
import dev.convoy.testing.Nights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nights whose process is killed, and that are started again: there is one decision, and whoever reads the champion meanwhile always finds one that
 * loads. The short form kills after the worst step; the profile chaos after each, and at random moments.
 */
@Tag("chaos")
@Timeout(1800)
class RetrainKilledTest {
    private static final boolean LONG = Integer.getInteger("convoy.chaos.times", 1) > 1;
    private static final int RANDOM_MOMENTS = 10;
    private static final long SEED = Long.getLong("convoy.chaos.seed", 20261127);

    private static final int PROMOTED = Outcome.PROMOTED.exitCode();
    private static final int NOOP = Outcome.NOOP.exitCode();

    @TempDir
    Path folder;

    private GrowingDigits digits;
    private Nights nights;
    /** Brings the images of a second night. */
    private Runnable more;

    @BeforeEach
    void begin() throws Exception {
        digits = new GrowingDigits(Digits.train(folder), 7);
        nights = new Nights(
                FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(folder.toString()), digits);
        digits.add(820);
        more = digits.remember();
        digits.dropLast(700);
    }

    private JavaProcess start(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "retrain", "--master", "local[2]", nights.configuration().toString()));
        nights.settings().forEach((key, value) -> arguments.addAll(List.of("--set", key + "=" + value)));
        arguments.addAll(List.of(more));
        return JavaProcess.start(
                ArchivedClassPath.options(),
                Map.of("SPARK_LOCAL_IP", "127.0.0.1"),
                Convoy.class,
                arguments.toArray(String[]::new));
    }

    private int run(String... more) throws Exception {
        try (JavaProcess job = start(more)) {
            String output = job.output();
            assertThat(output).doesNotContain("Exception in thread");
            return job.exitValue();
        }
    }

    private static Stream<Step> steps() {
        return LONG ? Stream.of(Step.values()) : Stream.of(Step.PROMOTE);
    }

    @Test
    void aKilledNightEndsWithOneDecision() throws Exception {
        for (Step step : steps().toList()) {
            check("after-" + step, () -> assertThat(run("--halt-after", step.name()))
                    .as("halted after " + step)
                    .isEqualTo(137));
        }
    }

    @Test
    void soDoesOneThatIsKilledAtAnyMoment() throws Exception {
        assumeTrue(LONG, "in the profile chaos");
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < RANDOM_MOMENTS; i++) {
            long millis = 1000L + random.nextInt(9000);
            check("after-" + millis + "-ms", () -> kill(millis));
        }
    }

    /** A night that is told to end goes on where its training was. */
    @Test
    void aNightThatIsToldToEndGoesOn() throws Exception {
        assumeTrue(LONG, "in the profile chaos");
        nights.set("train.epochs", "200");
        nights.arrive();
        try (JavaProcess job = start()) {
            Path checkpoints = folder.resolve("runs/digits-nights");
            while (job.process().isAlive() && !hasCheckpoint(checkpoints)) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
            job.process().destroy();
            assertThat(job.output()).contains("The job was ended from outside", "scripts/convoy retrain CONF");
            assertThat(job.exitValue()).isEqualTo(143);
        }
        assertThat(run()).isEqualTo(PROMOTED);
        try (Stream<Path> files = Files.walk(folder.resolve("runs/digits-nights"))) {
            assertThat(files.filter(path -> path.endsWith("attempts/2.json"))).hasSize(1);
        }
    }

    private static boolean hasCheckpoint(Path nights) throws IOException {
        if (!Files.exists(nights)) {
            return false;
        }
        try (Stream<Path> files = Files.walk(nights)) {
            return files.anyMatch(path -> path.endsWith("SHA256SUMS"));
        }
    }

    private interface Disturbance {
        void happen() throws Exception;
    }

    /** A night with few images, and one with many, which is killed, goes on, and is started once more for nothing. */
    private void check(String what, Disturbance disturbance) throws Exception {
        nights.set("retrain.model", what);
        Runnable few = digits.remember();
        nights.arrive();
        assertThat(run()).as("the first night").isZero();
        RegisteredModel model = nights.registry().model(what);
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Integer> reader = CompletableFuture.supplyAsync(() -> read(model, done));
        try {
            more.run();
            nights.arrive();
            disturbance.happen();
            assertThat(run()).as(what).isIn(PROMOTED, NOOP);
            assertThat(run()).as(what + ", and again").isEqualTo(NOOP);
        } finally {
            done.set(true);
            few.run();
        }
        assertThat(reader.join()).as("champions that were read").isPositive();
        assertThat(model.decisions()).as(what).hasSize(2);
        assertThat(model.alias(RegisteredModel.CHAMPION).read().entries().stream()
                        .filter(entry -> entry.action() == AliasEntry.Action.PROMOTE)
                        .map(AliasEntry::version))
                .as(what)
                .containsExactly(1, 2);
        assertThat(model.verify()).isEmpty();
    }

    private void kill(long millis) throws Exception {
        try (JavaProcess job = start()) {
            if (!job.process().waitFor(millis, TimeUnit.MILLISECONDS)) {
                job.process().destroyForcibly();
            }
            job.output();
        }
    }

    /** Loads the champion again and again. */
    private static int read(RegisteredModel model, AtomicBoolean done) {
        int count = 0;
        try {
            while (!done.get()) {
                assertThat(model.champion().orElseThrow().load().classNames()).hasSize(10);
                count++;
                TimeUnit.MILLISECONDS.sleep(20);
            }
            return count;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
