package dev.convoy.jobs;

import dev.convoy.config.ConfigReader;
import dev.convoy.config.DataConfig;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
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
import dev.convoy.train.replica.ModelBroadcast;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;

/** Asks a trained model about images on a cluster, one Spark job each time. An image that cannot be used is an answer too. */
public final class PredictJob implements AutoCloseable {
    /** Tasks that write, for each that runs at a time. */
    private static final int TASKS_A_SLOT = 4;

    /** What settings may be given beside options. */
    private static final Set<String> SETTINGS =
            Set.of("backend.name", "backend.device", "backend.precision", "data.batch-size");

    private final JavaSparkContext spark;
    private final ImageListing images;
    private final ModelBroadcast weights;
    private final Task task;

    private PredictJob(
            JavaSparkContext spark,
            TrainedModel model,
            Preparation preparation,
            ImageListing images,
            int top,
            JobConfig job) {
        this.spark = spark;
        this.images = images;
        this.weights = ModelBroadcast.of(spark, model.state());
        this.task = new Task(
                ReplicaSpec.of(job.backend().name(), job.backend().placement(), model),
                preparation,
                List.copyOf(model.classNames()),
                Math.min(top, model.classNames().size()),
                job.data().batchSize(),
                Integer.MAX_VALUE,
                weights);
    }

    /**
     * What is asked.
     *
     * @param top how many classes are told of an image, at least 1
     * @param fit how images of another size or colour are brought to the model's; as in its training if empty
     * @param column that holds images in Parquet files, or names files in lists; null for the usual ones
     * @param anywhere whether a list may name files outside of its folder
     */
    public record Options(int top, Optional<DataConfig.Fit> fit, String column, boolean anywhere) {
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
        TrainedModel model = TrainedModel.load(files, RunDirectory.modelOf(files, target));
        if ((long) job.data().batchSize() * model.network().input().size() > Integer.MAX_VALUE) {
            throw new ConvoyException("Cannot ask about " + job.data().batchSize() + " images of "
                    + model.network().input() + " at once; set data.batch-size to "
                    + Integer.MAX_VALUE / model.network().input().size() + " at most");
        }
        ComputeBackend.named(job.backend().name())
                .checkSupport(model.network(), job.backend().placement());
        ImageListing images = list(hadoop, input, options);
        return new PredictJob(spark, model, options.preparation(model), images, options.top, job);
    }

    private static ImageListing list(Configuration hadoop, String input, Options options) throws IOException {
        try {
            return new UnlabelledSource(input, options.column, options.anywhere).list(hadoop);
        } catch (InvalidValueException e) {
            String option = e.property().equals("anywhere") ? "without --anywhere" : "with --column " + e.value();
            throw new ConvoyException("Cannot read " + input + " " + option + "; " + e.allowed(), e);
        }
    }

    /** The number of images. */
    public long images() {
        return images.examples();
    }

    /** The answers to the first images, in their order; few more are read. */
    public List<Prediction> first(int count) {
        try (TaskWatchdog watchdog = TaskWatchdog.watch(spark)) {
            return ListedImages.of(spark, images)
                    .mapPartitions(task.withLimit(count))
                    .map(ObjectBytes::write)
                    .take(count)
                    .stream()
                    .map(bytes -> ObjectBytes.read(bytes, Prediction.class))
                    .toList();
        }
    }

    /**
     * Writes all answers, in the order of the images.
     *
     * @param output must not exist
     * @throws ConvoyException if it does
     */
    public PredictionTable.Written write(String output, PredictionTable.Format format) throws IOException {
        try (TaskWatchdog watchdog = TaskWatchdog.watch(spark)) {
            // A file for each split would be many small ones; neighbours stay together, and splits apart within a task.
            JavaRDD<Prediction> predictions = ListedImages.of(spark, images)
                    .mapPartitions(task)
                    .coalesce(TASKS_A_SLOT * spark.defaultParallelism());
            return new PredictionTable(spark, format, task.top).write(predictions, output);
        }
    }

    @Override
    public void close() {
        weights.close();
    }

    /**
     * Asks about the images of one split.
     *
     * @param limit of images; the rest is not read
     */
    private record Task(
            ReplicaSpec replica,
            Preparation preparation,
            List<String> classNames,
            int top,
            int batchSize,
            int limit,
            ModelBroadcast weights)
            implements FlatMapFunction<Iterator<SourceImage>, Prediction> {
        Task withLimit(int other) {
            return new Task(replica, preparation, classNames, top, batchSize, other, weights);
        }

        @Override
        public Iterator<Prediction> call(Iterator<SourceImage> images) throws InterruptedException {
            // The first is opened here, since Spark knows this thread.
            if (!images.hasNext()) {
                return Collections.emptyIterator();
            }
            TaskContext context = TaskContext.get();
            return ReplicaPool.withReplica(replica.forTask(context), lent -> ask(lent, images, context))
                    .iterator();
        }

        private List<Prediction> ask(Replica lent, Iterator<SourceImage> images, TaskContext context) {
            weights.loadInto(lent);
            Predictor predictor = new Predictor(
                    lent,
                    preparation.decoder(replica.input()),
                    replica.network().loss(),
                    classNames,
                    top);
            List<Prediction> all = new ArrayList<>();
            while (all.size() < limit && images.hasNext()) {
                if (context.isInterrupted()) {
                    throw new CancellationException("The task was interrupted");
                }
                int size = Math.min(batchSize, limit - all.size());
                List<SourceImage> batch = new ArrayList<>();
                while (batch.size() < size && images.hasNext()) {
                    batch.add(images.next());
                }
                all.addAll(predictor.predict(batch));
            }
            return all;
        }
    }
}
