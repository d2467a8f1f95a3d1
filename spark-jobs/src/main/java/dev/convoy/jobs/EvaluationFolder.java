package dev.convoy.jobs;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.NearestImages;
import dev.convoy.data.rdd.PickedImages;
import dev.convoy.model.Loss;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.report.Examples;
import dev.convoy.train.Evaluator;
import dev.convoy.train.GivenAnswers;
import dev.convoy.train.replica.ReplicaSpec;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;

/** Writes the folder {@code evaluation} of a run: how a model answers the test images, and what it looks at. */
final class EvaluationFolder {
    /** Every pair of class and answer. */
    static final String CONFUSION = "evaluation/confusion.csv";

    /** The same as {@code test} in {@code result.json}, of the best epoch's model. */
    static final String EVALUATION = "evaluation/evaluation.json";

    /** The most wrong images in one picture. */
    static final String WRONG = "evaluation/wrong.png";

    /** Training images of a class that are compared with the most wrong ones, of all workers. */
    private static final int SEARCHED = 20_000;

    /** Images that are followed through the network. */
    private static final int FOLLOWED = 2;

    private static final int MAX_KERNELS = 64;
    private static final int KERNEL_COLUMNS = 16;

    private final JavaSparkContext spark;
    private final RunDirectory run;
    private final TrainedModel model;
    private final ReplicaSpec replica;
    private final Evaluator evaluator;
    private final int images;

    /**
     * @param replica of the model
     * @param batchSize images that go through a replica at a time
     * @param images of each kind that are shown; 0 for none
     */
    EvaluationFolder(
            JavaSparkContext spark,
            RunDirectory run,
            TrainedModel model,
            ReplicaSpec replica,
            int batchSize,
            int images) {
        this.spark = spark;
        this.run = run;
        this.model = model;
        this.replica = replica;
        this.evaluator = new Evaluator(spark, replica, batchSize);
        this.images = images;
    }

    /** Evaluates the model, and writes what came of it but for pictures. */
    Evaluator.Examination examine(ImageShards test) {
        // Of a regression there are no probabilities to be shown.
        boolean classifies = model.network().spec().loss() != Loss.SQUARED_ERROR;
        Evaluator.Examination found = evaluator.examine(test, model.state(), classifies ? images : 0);
        run.writeTable(CONFUSION, Confused.class, Confused.of(found.evaluation(), model.classNames()));
        run.writeJson(EVALUATION, Result.Test.of(found, model.classNames()));
        return found;
    }

    /**
     * Draws pictures.
     *
     * @param given answers that are shown; empty for none
     * @param test what the model was asked; without it, training images are followed through the network
     * @param train where images that are most like wrong ones are looked for; empty if nowhere
     */
    void draw(Optional<GivenAnswers> given, Optional<ImageShards> test, Optional<ImageShards> train) {
        if (images == 0) {
            return;
        }
        ImageBatch followed = evaluator.sample(test.or(() -> train).orElseThrow(), FOLLOWED);
        List<Examples.Input> inputs = IntStream.range(0, followed.size())
                .mapToObj(i -> new Examples.Input(
                        ContactSheet.label(followed.targets().get(i), model.classNames()), Pictures.small(followed, i)))
                .toList();
        Answers answers = given.filter(some -> test.isPresent())
                .map(some -> answers(some, test.get(), train))
                .orElse(Answers.NONE);
        List<Examples.Features> features = FeaturePictures.of(spark, replica, model.state(), followed);
        run.writeJson(
                Examples.FILE,
                new Examples(answers.samples, answers.wrong, kernels().orElse(null), inputs, features));
    }

    private record Answers(List<Examples.Answer> samples, List<Examples.Answer> wrong) {
        static final Answers NONE = new Answers(List.of(), List.of());
    }

    private Answers answers(GivenAnswers given, ImageShards test, Optional<ImageShards> train) {
        List<PickedImages.Pick> picks = Stream.concat(given.samples().stream(), given.wrong().stream())
                .map(GivenAnswers.Answer::image)
                .toList();
        Map<Long, ImageBatch> pictures = PickedImages.of(test, picks);
        Nearest nearest = train.filter(some -> !given.wrong().isEmpty())
                .map(some -> nearest(given.wrong(), pictures, some))
                .orElse(Nearest.NONE);
        if (!given.wrong().isEmpty()) {
            run.write(WRONG, Pictures.png(sheet(given.wrong(), pictures)));
        }
        return new Answers(
                given.samples().stream()
                        .map(one -> answer(one, pictures, Optional.empty()))
                        .toList(),
                IntStream.range(0, given.wrong().size())
                        .mapToObj(i -> answer(given.wrong().get(i), pictures, nearest.of(i)))
                        .toList());
    }

    private Examples.Answer answer(
            GivenAnswers.Answer given, Map<Long, ImageBatch> pictures, Optional<NearPicture> nearest) {
        return new Examples.Answer(
                model.classNames().get(given.truth()),
                model.classNames().get(given.answer()),
                given.probability(),
                given.truthProbability(),
                Pictures.small(pictures.get(given.image().id()), 0),
                nearest.map(NearPicture::png).orElse(null),
                nearest.map(NearPicture::distance).orElse(null));
    }

    private BufferedImage sheet(List<GivenAnswers.Answer> wrong, Map<Long, ImageBatch> pictures) {
        ImageBatch all = together(wrong, pictures);
        List<String> captions = wrong.stream()
                .map(given -> String.format(
                        Locale.ROOT,
                        "%s\ntaken for %s %.2f",
                        model.classNames().get(given.truth()),
                        model.classNames().get(given.answer()),
                        given.probability()))
                .toList();
        return ContactSheet.captioned(all, captions);
    }

    private static ImageBatch together(List<GivenAnswers.Answer> some, Map<Long, ImageBatch> pictures) {
        return some.stream()
                .map(given -> pictures.get(given.image().id()))
                .reduce(ImageBatch::plus)
                .orElseThrow();
    }

    private record NearPicture(byte[] png, double distance) {}

    /** What was found for each wrong image. */
    private record Nearest(List<Optional<NearestImages.Found>> found, Map<Long, ImageBatch> pictures) {
        static final Nearest NONE = new Nearest(List.of(), Map.of());

        Optional<NearPicture> of(int index) {
            return found.isEmpty()
                    ? Optional.empty()
                    : found.get(index)
                            .map(near -> new NearPicture(
                                    Pictures.small(pictures.get(near.pick().id()), 0), near.distance()));
        }
    }

    private Nearest nearest(List<GivenAnswers.Answer> wrong, Map<Long, ImageBatch> pictures, ImageShards train) {
        ImageBatch asked = together(wrong, pictures);
        int[] classes = wrong.stream().mapToInt(GivenAnswers.Answer::answer).toArray();
        List<Optional<NearestImages.Found>> found = NearestImages.of(
                spark,
                train,
                asked,
                classes,
                Math.max(1, SEARCHED / train.layout().workers()));
        List<PickedImages.Pick> picks = found.stream()
                .flatMap(Optional::stream)
                .map(NearestImages.Found::pick)
                .toList();
        return new Nearest(found, PickedImages.of(train, picks));
    }

    private Optional<Examples.Kernels> kernels() {
        return model.network().allLayers().stream()
                .filter(layer -> layer.spec() instanceof LayerSpec.Conv2d)
                .findFirst()
                .map(this::kernels);
    }

    private Examples.Kernels kernels(Network.Layer layer) {
        ParameterLayout.Entry weight = layer.tensors().get(0);
        List<Integer> shape = weight.tensor().shape();
        int filters = shape.get(0);
        int size = weight.size() / filters;
        double[] weights = IntStream.range(0, weight.size())
                .mapToDouble(i -> model.parameters()[weight.offset() + i])
                .toArray();
        List<BufferedImage> pictures = new ArrayList<>();
        for (int filter = 0; filter < Math.min(filters, MAX_KERNELS); filter++) {
            pictures.add(Pictures.numbers(weights, filter * size, shape.get(1), shape.get(2), shape.get(3)));
        }
        return new Examples.Kernels(
                layer.name(),
                filters,
                pictures.size(),
                Pictures.png(Pictures.grid(pictures, Math.min(pictures.size(), KERNEL_COLUMNS))));
    }
}
