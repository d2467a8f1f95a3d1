package dev.convoy.jobs;

import dev.convoy.config.ConfigReader;
import dev.convoy.config.DataConfig;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.Preparation;
import dev.convoy.data.rdd.ListedImages;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.UnlabelledSource;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.predict.Prediction;
import dev.convoy.predict.Predictor;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;

/** Asks a trained model about images on a cluster, one Spark job each time. An image that cannot be used is an answer too. */
public final class PredictJob implements AutoCloseable {
    /** What settings may be given beside options. */
    private static final Set<String> SETTINGS =
            Set.of("backend.name", "backend.device", "backend.precision", "data.batch-size");

    private final JavaSparkContext spark;
    private final ImageListing images;
    private final Broadcast<byte[][]> weights;
    private final JavaRDD<Prediction> predictions;
    private final int top;

    private PredictJob(
            JavaSparkContext spark,
            TrainedModel model,
            Preparation preparation,
            ImageListing images,
            int top,
            JobConfig job) {
        this.spark = spark;
        this.images = images;
        this.top = Math.min(top, model.classNames().size());
        this.weights = spark.broadcast(Message.write(0, List.of(model.parameters(), model.buffers())));
        ReplicaSpec replica = ReplicaSpec.of(job.backend().name(), job.backend().placement(), model);
        this.predictions = ListedImages.of(spark, images)
                .mapPartitions(new Task(
                        replica,
                        preparation,
                        List.copyOf(model.classNames()),
                        this.top,
                        job.data().batchSize(),
                        weights));
    }

    /**
     * What is asked.
     *
     * @param top how many classes are told of an image, at least 1
     * @param fit how images of another size or colour are brought to the model's; as in its training if empty
     * @param imageColumn that holds images in Parquet files
     * @param anywhere whether a list may name files outside of its folder
     */
    public record Options(int top, Optional<DataConfig.Fit> fit, String imageColumn, boolean anywhere) {
        private Preparation preparation(TrainedModel model) {
            return fit.map(chosen -> new Preparation(chosen.sizes(), Colours.TO_GREY))
                    .orElse(model.preparation());
        }
    }

    /**
     * Loads the model and lists the images.
     *
     * @param target a run directory, or a model's folder
     * @param input as {@link UnlabelledSource} takes it
     * @param settings of {@code backend}, and {@code data.batch-size}
     * @throws ConvoyException if there is no model or no image, or a setting has no meaning here
     */
    public static PredictJob of(
            JavaSparkContext spark, String target, String input, Options options, Map<String, String> settings)
            throws IOException {
        for (String key : settings.keySet()) {
            if (!SETTINGS.contains(key)) {
                throw new ConvoyException("Cannot use --set " + key + " here: of the settings, predict takes "
                        + SETTINGS.stream().sorted().toList());
            }
        }
        if (options.top < 1) {
            throw new ConvoyException("Cannot tell " + options.top + " classes of an image; give --top at least 1");
        }
        JobConfig job = ConfigReader.defaults(settings);
        Configuration hadoop = spark.hadoopConfiguration();
        FileSystem files = new Path(target).getFileSystem(hadoop);
        TrainedModel model = TrainedModel.load(files, TrainedModel.folder(files, new Path(target)));
        ComputeBackend.named(job.backend().name())
                .checkSupport(model.network(), job.backend().placement());
        ImageListing images = new UnlabelledSource(input, options.imageColumn, options.anywhere).list(hadoop);
        return new PredictJob(spark, model, options.preparation(model), images, options.top, job);
    }

    /** The number of images. */
    public long images() {
        return images.examples();
    }

    /** The answers to the first images, in their order; only as many are read as it takes. */
    public List<Prediction> first(int count) {
        return predictions.map(ObjectBytes::write).take(count).stream()
                .map(bytes -> ObjectBytes.read(bytes, Prediction.class))
                .toList();
    }

    /**
     * Writes all answers, in the order of the images.
     *
     * @param output must not exist
     * @throws ConvoyException if it does
     */
    public PredictionTable.Written write(String output, PredictionTable.Format format) throws IOException {
        return new PredictionTable(spark, format, top).write(predictions, output);
    }

    @Override
    public void close() {
        weights.destroy();
    }

    /** Asks about the images of one partition. */
    private record Task(
            ReplicaSpec replica,
            Preparation preparation,
            List<String> classNames,
            int top,
            int batchSize,
            Broadcast<byte[][]> weights)
            implements FlatMapFunction<Iterator<SourceImage>, Prediction> {
        @Override
        public Iterator<Prediction> call(Iterator<SourceImage> images) throws InterruptedException {
            // The first is opened here, since Spark knows this thread.
            if (!images.hasNext()) {
                return Collections.emptyIterator();
            }
            return ReplicaPool.withReplica(replica.forTask(TaskContext.get()), lent -> ask(lent, images))
                    .iterator();
        }

        private List<Prediction> ask(Replica lent, Iterator<SourceImage> images) {
            lent.parameters().set(Message.vector(weights.value(), 0));
            lent.buffers().set(Message.vector(weights.value(), 1));
            Predictor predictor = new Predictor(
                    lent,
                    preparation.decoder(replica.input()),
                    replica.network().loss(),
                    classNames,
                    top);
            List<Prediction> all = new ArrayList<>();
            while (images.hasNext()) {
                List<SourceImage> batch = new ArrayList<>();
                while (images.hasNext() && batch.size() < batchSize) {
                    batch.add(images.next());
                }
                all.addAll(predictor.predict(batch));
            }
            return all;
        }
    }
}
