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
import dev.convoy.model.file.TrainedModel;
import dev.convoy.predict.Prediction;
import dev.convoy.predict.Predictor;
import dev.convoy.train.replica.ModelBroadcast;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a trained model about images on a cluster, one Spark job each time. An image that cannot be used is an answer too. */
public final class PredictJob implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PredictJob.class);

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
        try (TaskWatchdog watchdog = TaskWatchdog.watch(spark);
                OwnJobs jobs = new OwnJobs(spark)) {
            return ListedImages.of(spark, images)
                    .mapPartitions(task.withBatches(Math.min(count, task.batchSize)))
                    .flatMap(List::iterator)
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
        try (TaskWatchdog watchdog = TaskWatchdog.watch(spark);
                OwnJobs jobs = new OwnJobs(spark)) {
            // A file for each split would be many small ones, and so would the last batches of all.
            JavaRDD<Prediction> predictions = ListedImages.of(spark, images)
                    .coalesce(TASKS_A_SLOT * spark.defaultParallelism())
                    .mapPartitions(task)
                    .flatMap(List::iterator);
            return new PredictionTable(spark, format, task.top).write(predictions, output);
        }
    }

    @Override
    public void close() {
        weights.close();
    }

    /** Asks about the images of one task, batch by batch, so that neither files nor answers pile up. */
    private record Task(
            ReplicaSpec replica,
            Preparation preparation,
            List<String> classNames,
            int top,
            int batchSize,
            ModelBroadcast model)
            implements FlatMapFunction<Iterator<SourceImage>, List<Prediction>> {
        Task withBatches(int size) {
            return new Task(replica, preparation, classNames, top, size, model);
        }

        @Override
        public Iterator<List<Prediction>> call(Iterator<SourceImage> images) {
            Answers answers = new Answers(this, images);
            // Nothing computes any more when somebody has seen enough.
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> answers.settle());
            return answers;
        }

        /** Reads on Spark's own thread, since files are closed with the task that Spark knows it by. */
        private List<SourceImage> read(Iterator<SourceImage> images) {
            List<SourceImage> batch = new ArrayList<>();
            while (batch.size() < batchSize && images.hasNext()) {
                batch.add(images.next());
            }
            return batch;
        }

        private Optional<Future<List<Prediction>>> ask(List<SourceImage> batch) {
            return batch.isEmpty()
                    ? Optional.empty()
                    : Optional.of(ReplicaPool.ask(
                            replica.forTask(TaskContext.get()), model.name(), model::loadInto, lent -> new Predictor(
                                            lent,
                                            preparation.decoder(replica.input()),
                                            replica.network().loss(),
                                            classNames,
                                            top)
                                    .predict(batch)));
        }
    }

    /** Answers batch by batch: the next one is read while the replica works on one, and answered while Spark writes what is known. */
    private static final class Answers implements Iterator<List<Prediction>> {
        private final Task task;
        private final Iterator<SourceImage> images;
        private Optional<Future<List<Prediction>>> asked;

        Answers(Task task, Iterator<SourceImage> images) {
            this.task = task;
            this.images = images;
            this.asked = task.ask(task.read(images));
        }

        @Override
        public boolean hasNext() {
            return asked.isPresent();
        }

        @Override
        public List<Prediction> next() {
            Future<List<Prediction>> pending = asked.orElseThrow(NoSuchElementException::new);
            List<SourceImage> batch = task.read(images);
            try {
                List<Prediction> answers = ReplicaPool.await(pending);
                asked = task.ask(batch);
                return answers;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw (CancellationException) new CancellationException("The task was interrupted").initCause(e);
            }
        }

        void settle() {
            try {
                if (asked.isPresent()) {
                    asked.get().get();
                }
            } catch (ExecutionException e) {
                LOG.debug("Answers that nobody waits for have failed", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
