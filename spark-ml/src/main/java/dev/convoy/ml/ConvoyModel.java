package dev.convoy.ml;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.train.replica.ModelBroadcast;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/** A trained network as a stage that adds predictions to a column of images. */
public final class ConvoyModel extends Model<ConvoyModel> implements PredictionParams, MLWritable {
    private static final long serialVersionUID = 1L;
    /** Names that are larger numbers are hardly meant as labels. */
    private static final int MAX_NAMED = 10_000;

    private final String uid;
    /** Sent to executors apart from the stage. */
    private final transient TrainedModel trained;

    private final transient Sent sent;
    private final String run;

    /** The model on executors, once it is there; copies of a stage share it. */
    private static final class Sent {
        private JavaSparkContext spark;
        private ModelBroadcast broadcast;

        synchronized ModelBroadcast to(JavaSparkContext current, TrainedModel trained) {
            if (spark == null || spark.sc() != current.sc()) {
                spark = current;
                broadcast = ModelBroadcast.of(current, trained.state());
            }
            return broadcast;
        }
    }

    ConvoyModel(String uid, TrainedModel trained, String run) {
        this(uid, trained, new Sent(), run);
    }

    private ConvoyModel(String uid, TrainedModel trained, Sent sent, String run) {
        this.uid = uid;
        this.trained = trained;
        this.sent = sent;
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
        Configuration hadoop = SparkSession.active().sparkContext().hadoopConfiguration();
        return ofRun(Identifiable$.MODULE$.randomUID("convoy"), path, hadoop);
    }

    static ConvoyModel ofRun(String uid, String path, Configuration hadoop) {
        try {
            FileSystem files = new Path(path).getFileSystem(hadoop);
            return new ConvoyModel(uid, TrainedModel.load(files, TrainedModel.folder(files, new Path(path))), path);
        } catch (IOException e) {
            throw new ConvoyException("Cannot read the model in " + path + ": " + e.getMessage(), e);
        }
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
     * The label of each output: its class's name where names are labels, as after {@link ConvoyClassifier}, and its place otherwise.
     */
    private int[] labels() {
        List<String> names = trained.classNames();
        int most = number(numClasses()) > 0 ? number(numClasses()) : MAX_NAMED;
        boolean named =
                names.stream().allMatch(name -> name.matches("0|[1-9][0-9]{0,6}") && Integer.parseInt(name) < most)
                        && names.stream().distinct().count() == names.size();
        return named
                ? names.stream().mapToInt(Integer::parseInt).toArray()
                : IntStream.range(0, names.size()).toArray();
    }

    /**
     * Adds the columns of predictions. Images go through the network in batches, on executors that load the model once.
     *
     * @throws ConvoyException if a column is not sound
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        if ((long) number(batchSize()) * trained.network().input().size() > Integer.MAX_VALUE) {
            throw new ConvoyException("Cannot ask about " + number(batchSize()) + " images of "
                    + trained.network().input() + " at once; set batchSize to "
                    + Integer.MAX_VALUE / trained.network().input().size() + " at most");
        }
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        int[] labels = labels();
        int size = Math.max(number(numClasses()), IntStream.of(labels).max().orElse(-1) + 1);
        Answering answering = new Answering(
                Answering.replica(text(backend()), trained),
                sent.to(spark, trained),
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
        return withMetadata(dataset.toDF().mapPartitions(answering, Encoders.row(schema)), dataset.schema(), size);
    }

    /** What columns are said to be does not survive functions on rows; vectors say how long they are. */
    private Dataset<Row> withMetadata(Dataset<Row> answered, StructType before, int size) {
        Column[] columns = Arrays.stream(answered.columns())
                .map(name -> column(name, before, size))
                .toArray(Column[]::new);
        return answered.select(columns);
    }

    private Column column(String name, StructType before, int size) {
        Column column = functions.col("`" + name.replace("`", "``") + "`");
        if (List.of(before.fieldNames()).contains(name)) {
            return column.as(name, before.apply(name).metadata());
        }
        boolean vector = name.equals(text(rawPredictionCol())) || name.equals(text(probabilityCol()));
        return vector ? column.as(name, new AttributeGroup(name, size).toMetadata()) : column;
    }

    @Override
    public StructType transformSchema(StructType schema) {
        return withPredictions(schema);
    }

    @Override
    public ConvoyModel copy(ParamMap extra) {
        ConvoyModel copied = new ConvoyModel(uid, trained, sent, run);
        copyValues(copied, extra);
        return copied.setParent(parent());
    }

    /** Java's own serialization would lose the network, and say so only when it is asked. */
    private void writeObject(ObjectOutputStream out) throws IOException {
        throw new NotSerializableException("A ConvoyModel is saved by write().save(path), and loaded by load(path)");
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
