package dev.convoy.jobs;

import static dev.convoy.testing.Nights.sentence;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.RetrainJob.Options;
import dev.convoy.jobs.RetrainJob.Step;
import dev.convoy.registry.AliasChange;
import dev.convoy.registry.Lease;
import dev.convoy.registry.LeaseOptions;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.testing.Digits;
import dev.convoy.testing.GrowingDigits;
import dev.convoy.testing.Nights;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Nights of a model whose images become more, and are not always what they should be. */
@ExtendWith(SparkExtension.class)
@Timeout(300)
class RetrainTest {
    @TempDir
    Path folder;

    private GrowingDigits digits;
    private Nights nights;

    @BeforeEach
    void begin() throws IOException {
        digits = new GrowingDigits(Digits.train(folder), 7);
        nights = new Nights(
                FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(folder.toString()), digits);
    }

    private Result night(JavaSparkContext spark) throws IOException {
        return nights.night(spark);
    }

    private Result night(JavaSparkContext spark, Options options) throws IOException {
        nights.arrive();
        return again(spark, options);
    }

    private Result again(JavaSparkContext spark, Options options) {
        return nights.job(spark, options, step -> {});
    }

    private RegisteredModel registered() throws IOException {
        return nights.registered();
    }

    private OptionalInt champion() throws IOException {
        return nights.champion();
    }

    /** The registry ends with one decision for each night that decided, and a champion that loads. */
    @Test
    void nightsPromoteWhatIsBetterAndNothingElse(JavaSparkContext spark) throws IOException {
        digits.add(200);
        Result first = night(spark);
        assertThat(first.status()).isEqualTo(Result.Status.PROMOTED);
        assertThat(sentence(first)).startsWith("promoted: first model, judged by the floor alone");
        assertThat(champion()).hasValue(1);

        Result empty = again(spark, Options.NONE);
        assertThat(empty.status()).isEqualTo(Result.Status.NOOP);
        assertThat(sentence(empty)).contains("0 new images");

        digits.add(500);
        Result better = night(spark);
        assertThat(better.status()).as(sentence(better)).isEqualTo(Result.Status.PROMOTED);
        assertThat(champion()).hasValue(2);
        assertThat(registered().version(2).info().parentNumber())
                .as("begun afresh")
                .isEmpty();
        assertThat(registered().version(2).read("card.md")).isPresent();
        assertThat(registered().previous().orElseThrow().number()).isEqualTo(1);

        digits.addMislabelled(250);
        Result worse = night(spark);
        assertThat(worse.status()).as(sentence(worse)).isEqualTo(Result.Status.REJECTED);
        assertThat(sentence(worse)).contains("got worse", "smallest difference this hold-out can show in test 2");
        assertThat(champion()).hasValue(2);
        Result same = again(spark, Options.NONE);
        assertThat(same.status()).isEqualTo(Result.Status.NOOP);
        assertThat(sentence(same)).contains("were decided on before: rejected");

        digits.dropLast(250);
        assertThat(sentence(night(spark)))
                .as("the champion's images are the reference, not the rejected night's")
                .contains("0 new images");
        assertThat(registered().decisions()).hasSize(3);
        assertThat(registered().verify()).isEmpty();
        assertThat(registered().champion().orElseThrow().load().classNames()).hasSize(10);
    }

    @Test
    void somebodyHasToSayYesToOtherClasses(JavaSparkContext spark) throws IOException {
        digits.add(500);
        night(spark);
        digits.drop(3);
        digits.add(200);
        digits.drop(3);
        Result gone = night(spark);
        assertThat(gone.status()).isEqualTo(Result.Status.CLASSES_CHANGED);
        assertThat(sentence(gone)).contains("gone are [3]", "--accept-new-classes");
        assertThat(champion()).hasValue(1);
        Result accepted = again(spark, new Options(false, true, true, false));
        assertThat(accepted.status()).as(sentence(accepted)).isIn(Result.Status.PROMOTED, Result.Status.REJECTED);
        assertThat(accepted.retrain().at("/gate/comparison/change/images").asInt())
                .isPositive();
    }

    @Test
    void brighterImagesAreNotLearntFromUnasked(JavaSparkContext spark) throws IOException {
        digits.add(500);
        night(spark);
        digits.add(300, GrowingDigits::brighter);
        Result drifted = night(spark);
        assertThat(drifted.status()).as(sentence(drifted)).isEqualTo(Result.Status.INVALID_DATA);
        assertThat(sentence(drifted)).contains("--accept-drift");
        Result accepted = again(spark, new Options(false, false, true, false));
        assertThat(accepted.status()).as(sentence(accepted)).isNotEqualTo(Result.Status.INVALID_DATA);
    }

    @Test
    void whoFindsTheLeaseTakenDoesNothing(JavaSparkContext spark) throws IOException {
        digits.add(200);
        RegisteredModel model = nights.registry().create("digits");
        try (var held = model.acquire(new LeaseOptions("somebody else"))) {
            Result locked = night(spark);
            assertThat(locked.status()).isEqualTo(Result.Status.LOCKED);
            assertThat(held.number()).isEqualTo(1);
        }
        // Nobody listens there, which a night does not mind.
        nights.set("retrain.mlflow.uri", "http://127.0.0.1:1");
        assertThat(again(spark, Options.NONE).status()).isEqualTo(Result.Status.PROMOTED);
        assertThat(folder.resolve("registry/digits/mlflow/pending/1.json")).exists();
    }

    @Test
    void whatDoesNotFitIsSaidInOneLine(JavaSparkContext spark) throws IOException {
        digits.add(50);
        nights.arrive();
        nights.set("train.stop.patience", "2");
        assertThatThrownBy(() -> again(spark, Options.NONE))
                .hasMessageContaining("train.stop.metric = test-accuracy: the hold-out is for comparing models alone");
        nights.set("train.stop.metric", "train-loss");
        nights.set("retrain.mlflow.uri", "ftp://somewhere");
        assertThatThrownBy(() -> again(spark, Options.NONE))
                .hasMessageContainingAll("retrain.mlflow.uri = ftp://somewhere", "it must be http://HOST");
    }

    /** A promotion whose job died is told of by the next one, even if somebody has rolled it back meanwhile. */
    @Test
    void whatSomebodyRollsBackStaysSo(JavaSparkContext spark) throws IOException {
        digits.add(200);
        night(spark);
        digits.add(500);
        nights.arrive();
        assertThatThrownBy(() -> nights.job(spark, Options.NONE, step -> {
                    if (step == Step.PROMOTE) {
                        throw new ConvoyException("The night ends here");
                    }
                }))
                .hasMessageContaining("The night ends here");
        assertThat(champion()).hasValue(2);
        assertThat(registered().decisions()).hasSize(1);
        RegisteredModel model = registered();
        try (Lease lease = model.acquire(new LeaseOptions("rollback"))) {
            model.rollback(lease, OptionalInt.of(1), "complaints");
        }
        Result again = again(spark, Options.NONE);
        assertThat(again.status()).as(sentence(again)).isEqualTo(Result.Status.NOOP);
        assertThat(champion()).hasValue(1);
        assertThat(registered().decisions()).hasSize(2);
    }

    /** One image that lies there forty times counts once. */
    @Test
    void copiesCountOnce(JavaSparkContext spark) throws IOException {
        digits.add(150);
        for (int i = 0; i < 3; i++) {
            digits.copyAll();
        }
        nights.set("retrain.max-copies", "1");
        Result first = night(spark);
        int images = first.retrain().at("/gate/images").asInt();
        assertThat(images).isBetween(20, 80);
        assertThat(first.retrain().at("/images/heldOut").asInt()).isEqualTo(8 * images);
    }

    /** A flag that stays in the schedule does not begin the budget anew every night. */
    @Test
    void aNewHoldOutIsNewOnce(JavaSparkContext spark) throws IOException {
        digits.add(400);
        night(spark);
        nights.set("data.split.test", "0.5");
        nights.set("retrain.min-new-examples", "0");
        List<Integer> holdOuts = new ArrayList<>();
        List<Integer> tests = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            digits.addMislabelled(60);
            Result result = night(spark, new Options(false, false, true, i < 2));
            assertThat(result.status()).as(sentence(result)).isEqualTo(Result.Status.REJECTED);
            holdOuts.add(result.retrain().path("holdOut").asInt());
            tests.add(result.retrain().at("/gate/comparison/test").asInt());
        }
        assertThat(holdOuts).containsExactly(2, 2, 2);
        assertThat(tests).containsExactly(1, 2, 3);
    }

    /** Whoever is promoted while a challenger is trained is the one that it has to beat. */
    @Test
    void theChampionOfTheMomentIsTheOneToBeat(JavaSparkContext spark) throws IOException {
        digits.add(120);
        night(spark);
        digits.add(600);
        night(spark);
        RegisteredModel model = registered();
        try (Lease lease = model.acquire(new LeaseOptions("rollback"))) {
            model.rollback(lease, OptionalInt.of(1), "to see what happens");
        }
        digits.add(100);
        nights.arrive();
        List<Step> steps = new ArrayList<>();
        Result result = nights.job(spark, Options.NONE, step -> {
            if (step == Step.REGISTER && !steps.contains(Step.REGISTER)) {
                promote(model, 2);
            }
            steps.add(step);
        });
        assertThat(steps).filteredOn(step -> step == Step.EVALUATE).hasSize(2);
        assertThat(result.retrain().path("champion").asInt()).isEqualTo(2);
        assertThat(result.status()).as(sentence(result)).isEqualTo(Result.Status.REJECTED);
        assertThat(champion()).hasValue(2);
    }

    private static void promote(RegisteredModel model, int version) {
        try {
            model.promote(
                    model.fence(model.leaseStatus().orElseThrow().number()),
                    RegisteredModel.CHAMPION,
                    model.alias(RegisteredModel.CHAMPION).read().number(),
                    AliasChange.promote(version, "by hand"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatPassesMayHaveToWait(JavaSparkContext spark) throws IOException {
        digits.add(200);
        Result waiting = night(spark, new Options(true, false, false, false));
        assertThat(waiting.status()).isEqualTo(Result.Status.AWAITING_APPROVAL);
        assertThat(sentence(waiting)).contains("models promote digits@1 --registry " + folder);
        assertThat(champion()).isEmpty();
    }

    @Test
    void aHoldOutThatIsTrainedOnIsRefused(JavaSparkContext spark) throws IOException {
        digits.add(200);
        nights.set("data.split", "null");
        nights.set(
                "data.test", "{ format = idx, images = \"%1$s/images\", labels = \"%1$s/labels\" }".formatted(folder));
        Result leaking = night(spark);
        assertThat(leaking.status()).isEqualTo(Result.Status.INVALID_DATA);
        assertThat(sentence(leaking)).contains("200 images of the hold-out are trained on too");
        nights.set("data.test", "null");
        assertThatThrownBy(() -> again(spark, Options.NONE)).hasMessageContaining("Cannot retrain without a hold-out");
    }

    @Test
    void imagesDoNotChangeSides(JavaSparkContext spark) throws IOException {
        digits.add(400);
        night(spark);
        digits.add(100);
        nights.set("data.split.test", "0.5");
        Result moved = night(spark);
        assertThat(moved.status()).isEqualTo(Result.Status.INVALID_DATA);
        assertThat(sentence(moved)).contains("that it was trained on are held out", "--new-hold-out");
        Result renewed = again(spark, new Options(false, false, false, true));
        assertThat(renewed.retrain().at("/holdOut").asInt()).isEqualTo(2);
    }

    /** The run may lie on another file system than the registry; and tells what the version was judged on. */
    @Test
    void runsMayLieElsewhere(JavaSparkContext spark) throws IOException {
        String mount = "fs.viewfs.mounttable.default.link./data";
        spark.hadoopConfiguration().set(mount, folder.toUri().toString());
        try {
            nights.set("run.directory", "viewfs:///data/elsewhere");
            digits.add(200);
            Result first = night(spark);
            assertThat(first.status()).as(sentence(first)).isEqualTo(Result.Status.PROMOTED);
            assertThat(folder.resolve("elsewhere")).isNotEmptyDirectory();
            Result evaluated = EvaluateJob.of(spark, registered().version(1), Optional.empty(), Map.of())
                    .run()
                    .result();
            assertThat(evaluated.data().test().examples())
                    .isEqualTo(first.retrain().at("/images/heldOut").asLong());
            assertThat(evaluated.test().accuracy())
                    .isEqualTo(registered().version(1).info().metrics().get(NightGate.ACCURACY));
        } finally {
            spark.hadoopConfiguration().unset(mount);
        }
    }

    /** That there is nothing to compare models by is said before one is trained. */
    @Test
    void aHoldOutThatTheChampionKnowsIsRefusedAtOnce(JavaSparkContext spark) throws IOException {
        nights.set("data.split", "null");
        GrowingDigits same = new GrowingDigits(Digits.train(folder), 7);
        same.add(200);
        Runnable first = same.remember();
        same.dropLast(200);
        same.add(100);
        holdOut(same);
        digits.add(200);
        assertThat(night(spark).status()).isEqualTo(Result.Status.PROMOTED);

        first.run();
        holdOut(same);
        digits.dropLast(200);
        digits.add(300);
        nights.arrive();
        List<Step> steps = new ArrayList<>();
        assertThatThrownBy(() -> nights.job(spark, new Options(false, true, true, true), steps::add))
                .hasMessageContaining(
                        "Cannot compare models: the champion was trained on all images that are held out");
        assertThat(steps).doesNotContain(Step.TRAIN);
    }

    private void holdOut(GrowingDigits images) throws IOException {
        Path held = folder.resolve("held");
        images.write(FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(held.toString()));
        nights.set("data.test", "{ format = idx, images = \"%1$s/images\", labels = \"%1$s/labels\" }".formatted(held));
    }
}
