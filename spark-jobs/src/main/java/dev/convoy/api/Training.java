package dev.convoy.api;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.FinishedRun;
import dev.convoy.jobs.OwnJobs;
import dev.convoy.jobs.Result;
import dev.convoy.jobs.TrainJob;
import dev.convoy.storage.Interruption;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A training that is being described. It does not change: each method returns another one.
 *
 * <pre>{@code
 * TrainedRun run = Training.of("resnet18")
 *         .onFolder("hdfs:///pets/train")
 *         .testedOnFolder("hdfs:///pets/test")
 *         .set("data.resize", "[224, 224]")
 *         .run(spark);
 * }</pre>
 */
public final class Training {
    private static final Logger LOG = LoggerFactory.getLogger(Training.class);

    private static final String IMAGE = "image";
    private static final String LABEL = "label";

    private final Optional<String> file;
    private final Map<String, String> settings;
    private final Optional<Dataset<Row>> images;

    private Training(Optional<String> file, Map<String, String> settings, Optional<Dataset<Row>> images) {
        this.file = file;
        // In their order: a later one may change a part of an earlier one.
        this.settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        this.images = images;
    }

    /**
     * Begins with a network.
     *
     * @param network the name of one, for example {@code lenet} or {@code resnet18}, or HOCON: <code>{ layers = [...] }</code>
     */
    public static Training of(String network) {
        return new Training(Optional.empty(), Map.of("network", network), Optional.empty());
    }

    /**
     * Begins with a configuration.
     *
     * @param file as {@code scripts/convoy train} takes it
     */
    public static Training ofFile(String file) {
        return new Training(Optional.of(file), Map.of(), Optional.empty());
    }

    /** Trains on a folder that has a folder of images for each class; on any Hadoop file system. */
    public Training onFolder(String path) {
        return set("data.train", folder(path));
    }

    /** Is tested on such a folder after every epoch. */
    public Training testedOnFolder(String path) {
        return set("data.test", folder(path));
    }

    private static String folder(String path) {
        return "{ format = folder, path = " + quoted(path) + " }";
    }

    /** As a HOCON string, whatever is in it. */
    private static String quoted(String text) {
        return ConfigUtil.quoteString(text);
    }

    /**
     * Trains on the images of a frame. They are written to {@code run.directory} as Parquet for as long as training lasts, so that every
     * task sees the same ones however the frame is made.
     *
     * @param frame its rows are read once
     * @param imageColumn whole files as binary, or Spark's image struct
     * @param labelColumn the class, as text or as an integer
     */
    public Training onImages(Dataset<Row> frame, String imageColumn, String labelColumn) {
        Dataset<Row> two = frame.select(
                functions.col(imageColumn).as(IMAGE), functions.col(labelColumn).as(LABEL));
        return new Training(file, settings, Optional.of(two));
    }

    /**
     * Sets a key of the configuration, over what was set before.
     *
     * @param key for example {@code train.epochs}; docs/configuration.md has all of them
     * @param value as after {@code --set} on the command line
     */
    public Training set(String key, String value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.remove(key);
        more.put(key, value);
        return new Training(file, more, images);
    }

    /**
     * Trains, and returns when that is done.
     *
     * @throws ConvoyException if a setting is not sound, the images cannot be used, or training fails; the message says what to do, and the
     *     run directory, if there is one already, has the details
     */
    public TrainedRun run(JavaSparkContext spark) {
        try {
            return images.isPresent() ? onCopy(spark, images.get()) : train(spark, settings);
        } catch (IOException e) {
            throw new ConvoyException("Cannot train: " + e.getMessage(), e);
        }
    }

    private TrainedRun onCopy(JavaSparkContext spark, Dataset<Row> frame) throws IOException {
        Configuration hadoop = spark.hadoopConfiguration();
        String directory = ConfigReader.defaults(directorySetting(hadoop)).run().directory();
        Path copy = new Path(directory, "images-" + UUID.randomUUID());
        FileSystem files = copy.getFileSystem(hadoop);
        String path = files.makeQualified(copy).toString();
        Map<String, String> more = new LinkedHashMap<>();
        more.put(
                "data.train",
                "{ format = parquet, path = " + quoted(path) + ", image-column = " + IMAGE + ", label-column = " + LABEL
                        + " }");
        more.putAll(settings);
        // Before images are copied, which may take long.
        ConfigReader.toTrainingConfig(config(hadoop, more));
        try {
            try (OwnJobs jobs = new OwnJobs(spark)) {
                frame.write().parquet(path);
            }
            return train(spark, more);
        } finally {
            delete(files, copy);
        }
    }

    /** What fails here must not hide what came of the training. */
    private static void delete(FileSystem files, Path copy) {
        try (Interruption pause = Interruption.outlast()) {
            files.delete(copy, true);
        } catch (IOException | RuntimeException e) {
            LOG.warn("Cannot delete {}, which was made for a training: {}", copy, e.toString());
        }
    }

    private Map<String, String> directorySetting(Configuration hadoop) throws IOException {
        String key = "run.directory";
        if (settings.containsKey(key)) {
            return Map.of(key, settings.get(key));
        }
        if (file.isEmpty()) {
            return Map.of();
        }
        Config config = ConfigReader.read(file.get(), Map.of(), hadoop);
        return config.hasPath(key) ? Map.of(key, config.getString(key)) : Map.of();
    }

    private Config config(Configuration hadoop, Map<String, String> all) throws IOException {
        return file.isPresent() ? ConfigReader.read(file.get(), all, hadoop) : ConfigReader.of(all, hadoop);
    }

    private TrainedRun train(JavaSparkContext spark, Map<String, String> all) throws IOException {
        FinishedRun run = new TrainJob(spark, config(spark.hadoopConfiguration(), all), List.of()).run();
        Result result = run.result();
        boolean byAccuracy = result.best() != null && result.best().metric().equals("test-accuracy");
        Double last = result.test() == null ? null : result.test().accuracy();
        Double accuracy = byAccuracy ? Double.valueOf(result.best().value()) : last;
        return new TrainedRun(
                run.uri(), result.epochs(), accuracy == null ? OptionalDouble.empty() : OptionalDouble.of(accuracy));
    }
}
