package dev.convoy.ml;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.file.TrainedModel;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** A trained network as a stage that adds predictions to a column of images. */
public final class ConvoyModel extends Model<ConvoyModel> implements PredictionParams, MLWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    /** Sent to executors apart from the stage. */
    private final transient TrainedModel trained;

    private final String run;

    ConvoyModel(String uid, TrainedModel trained, String run) {
        this.uid = uid;
        this.trained = trained;
        this.run = run;
        setPredictionDefaults();
    }

    /**
     * Makes a stage of a model that any training of Convoy's has left.
     *
     * @param path a run directory or a model's folder
     * @throws ConvoyException if there is none
     */
    public static ConvoyModel ofRun(String path) {
        return ofRun(Identifiable$.MODULE$.randomUID("convoy"), path);
    }

    static ConvoyModel ofRun(String uid, String path) {
        try {
            FileSystem files = new Path(path).getFileSystem(hadoop());
            return new ConvoyModel(uid, TrainedModel.load(files, TrainedModel.folder(files, new Path(path))), path);
        } catch (IOException e) {
            throw new ConvoyException("Cannot read the model in " + path + ": " + e.getMessage(), e);
        }
    }

    private static Configuration hadoop() {
        return SparkSession.active().sparkContext().hadoopConfiguration();
    }

    @Override
    public String uid() {
        return uid;
    }

    /** Where it was trained or read from; a run directory has a report. */
    public String runDirectory() {
        return run;
    }

    /** The names of classes, in the order of the network's outputs. */
    public List<String> classNames() {
        return trained.classNames();
    }

    TrainedModel trained() {
        return trained;
    }

    public ConvoyModel setImageCol(String value) {
        return (ConvoyModel) set(imageCol(), value);
    }

    public ConvoyModel setBatchSize(int value) {
        return (ConvoyModel) set(batchSize(), value);
    }

    public ConvoyModel setBackend(String value) {
        return (ConvoyModel) set(backend(), value);
    }

    public ConvoyModel setHandleInvalid(String value) {
        return (ConvoyModel) set(handleInvalid(), value);
    }

    /**
     * The label of each output: its class's name where all names are labels, as after {@link ConvoyClassifier}, and its place otherwise.
     */
    private int[] labels() {
        boolean named = trained.classNames().stream().allMatch(name -> name.matches("[0-9]{1,7}"));
        return named
                ? trained.classNames().stream().mapToInt(Integer::parseInt).toArray()
                : IntStream.range(0, trained.classNames().size()).toArray();
    }

    /**
     * Adds the columns of predictions. Images go through the network in batches, on executors that load the model once for each batch.
     *
     * @throws ConvoyException if a column is not sound
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        int[] labels = labels();
        int size = Math.max(number(numClasses()), IntStream.of(labels).max().orElse(-1) + 1);
        Answering answering = new Answering(
                Answering.replica(text(backend()), trained),
                Answering.model(spark, trained),
                trained.preparation(),
                labels,
                size,
                number(batchSize()),
                new Answering.Columns(
                        dataset.schema().fieldIndex(text(imageCol())),
                        !text(rawPredictionCol()).isEmpty(),
                        !text(probabilityCol()).isEmpty(),
                        !text(predictionCol()).isEmpty(),
                        !text(errorCol()).isEmpty()),
                text(handleInvalid()));
        return dataset.toDF().mapPartitions(answering, Encoders.row(schema));
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return withPredictions(schema);
    }

    @Override
    public ConvoyModel copy(ParamMap extra) {
        ConvoyModel copied = new ConvoyModel(uid, trained, run);
        copyValues(copied, extra);
        return copied.setParent(parent());
    }

    @Override
    public MLWriter write() {
        return new ModelWriter(this);
    }

    /** Reads what {@link #write} has written. */
    public static MLReader<ConvoyModel> read() {
        return new ModelReader();
    }

    /** Reads what {@link #write} has written. */
    public static ConvoyModel load(String path) {
        return read().load(path);
    }
}
