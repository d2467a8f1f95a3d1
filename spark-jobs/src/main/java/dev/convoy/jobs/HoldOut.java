package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ImageShape;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.source.ImageListing;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.train.Evaluator;
import dev.convoy.train.ImageAnswers;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/** The images on which models are compared; read once for models of one shape. Whoever makes one closes it. */
final class HoldOut implements AutoCloseable {
    /** Answers with classes that there are not any more, or with none. */
    static final int OTHER = -1;

    private final JavaSparkContext spark;
    private final JobConfig job;
    private final ImageSets sets;
    private final ImageListing listing;
    private final Map<ImageShape, ImageShards> shards = new HashMap<>();

    HoldOut(JavaSparkContext spark, JobConfig job, ImageListing listing) {
        this.spark = spark;
        this.job = job;
        this.listing = listing;
        this.sets = new ImageSets(spark, job).withListings(Map.of(ExaminedSet.TEST, listing));
    }

    /**
     * Asks a model for the class of each image.
     *
     * @return by the image's id, the index of its class among those of the listing, or {@link #OTHER}
     */
    int[] answers(TrainedModel model) throws IOException {
        check(model);
        return answers(model, shards(model.network().input()));
    }

    /** Fails if the backend cannot compute a model. */
    void check(TrainedModel model) {
        ComputeBackend.named(job.backend().name())
                .checkSupport(model.network(), job.backend().placement());
    }

    private int[] answers(TrainedModel model, ImageShards images) {
        ReplicaSpec replica = ReplicaSpec.of(job.backend().name(), job.backend().placement(), model);
        ImageAnswers found = new Evaluator(spark, replica, job.data().batchSize()).answers(images, model.state());
        // By the model's class, the listing's; behind the last, no class.
        int[] classes = IntStream.rangeClosed(0, model.classNames().size())
                .map(c -> c < model.classNames().size()
                        ? listing.classNames().indexOf(model.classNames().get(c))
                        : OTHER)
                .toArray();
        int[] answers = new int[(int) listing.examples()];
        Arrays.fill(answers, OTHER);
        for (int i = 0; i < found.ids().length; i++) {
            answers[(int) found.ids()[i]] = classes[found.answers()[i]];
        }
        return answers;
    }

    private ImageSets.Description describe(ImageShape shape) throws IOException {
        return sets.describeTest(shape, listing.classNames()).orElseThrow();
    }

    private ImageShards shards(ImageShape shape) throws IOException {
        ImageShards known = shards.get(shape);
        if (known == null) {
            known = sets.load(describe(shape));
            shards.put(shape, known);
        }
        return known;
    }

    @Override
    public void close() {
        shards.values().forEach(ImageShards::close);
    }
}
