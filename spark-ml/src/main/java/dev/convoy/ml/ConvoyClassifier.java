package dev.convoy.ml;

import com.typesafe.config.ConfigUtil;
import dev.convoy.api.TrainedRun;
import dev.convoy.api.Training;
import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.OwnJobs;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;

/**
 * Trains a network on a column of images and one of labels:
 *
 * <pre>{@code
 * ConvoyModel model = new ConvoyClassifier().setNetwork("lenet").setEpochs(5).fit(frame);
 * Dataset<Row> answers = model.transform(others);
 * }</pre>
 *
 * <p>Labels are 0, 1, 2 and so on, of any numeric type, as {@code StringIndexer} makes them. Images are written to {@code directory} as
 * Parquet while training lasts, and the run stays there.
 */
public final class ConvoyClassifier extends Estimator<ConvoyModel> implements PredictionParams, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;

    public ConvoyClassifier() {
        this(Identifiable$.MODULE$.randomUID("convoy"));
    }

    /**
     * @param uid names the stage
     */
    public ConvoyClassifier(String uid) {
        this.uid = uid;
        setPredictionDefaults();
        setDefault(labelCol(), "label");
        setDefault(network(), "lenet");
        setDefault(epochs(), 3);
        setDefault(learningRate(), 0.01);
        setDefault(seed(), 1L);
        setDefault(validation(), 0.0);
        setDefault(directory(), "runs");
        setDefault(settings(), new String[0]);
    }

    @Override
    public String uid() {
        return uid;
    }

    /** The column of labels. */
    public Param<String> labelCol() {
        return new Param<>(this, "labelCol", "column of labels: 0, 1, 2 and so on, of any numeric type");
    }

    /** What is trained. */
    public Param<String> network() {
        return new Param<>(this, "network", "a network's name, for example lenet, or HOCON: { layers = [...] }");
    }

    /** How long. */
    public IntParam epochs() {
        return new IntParam(this, "epochs", "how often every image is trained on, at least 1", ParamValidators.gtEq(1));
    }

    /** How fast. */
    public DoubleParam learningRate() {
        return new DoubleParam(this, "learningRate", "the optimizer's, before its schedule");
    }

    /** What is drawn. */
    public LongParam seed() {
        return new LongParam(this, "seed", "decides weights, the order of images and dropout");
    }

    /** What is kept apart. */
    public DoubleParam validation() {
        return new DoubleParam(
                this,
                "validation",
                "the share of images, by their bytes alone, that the model of the best epoch is chosen with; 0: the"
                        + " last epoch's");
    }

    /** Where runs are kept. */
    public Param<String> directory() {
        return new Param<>(this, "directory", "where runs are written; every executor must see it");
    }

    /** Everything else. */
    public StringArrayParam settings() {
        return new StringArrayParam(
                this, "settings", "more of Convoy's settings, as key=value; they go over the others");
    }

    public ConvoyClassifier setImageCol(String value) {
        return (ConvoyClassifier) set(imageCol(), value);
    }

    public ConvoyClassifier setLabelCol(String value) {
        return (ConvoyClassifier) set(labelCol(), value);
    }

    public ConvoyClassifier setNetwork(String value) {
        return (ConvoyClassifier) set(network(), value);
    }

    public ConvoyClassifier setEpochs(int value) {
        return (ConvoyClassifier) set(epochs(), value);
    }

    public ConvoyClassifier setLearningRate(double value) {
        return (ConvoyClassifier) set(learningRate(), value);
    }

    public ConvoyClassifier setBatchSize(int value) {
        return (ConvoyClassifier) set(batchSize(), value);
    }

    public ConvoyClassifier setSeed(long value) {
        return (ConvoyClassifier) set(seed(), value);
    }

    public ConvoyClassifier setValidation(double value) {
        return (ConvoyClassifier) set(validation(), value);
    }

    public ConvoyClassifier setDirectory(String value) {
        return (ConvoyClassifier) set(directory(), value);
    }

    public ConvoyClassifier setBackend(String value) {
        return (ConvoyClassifier) set(backend(), value);
    }

    public ConvoyClassifier setNumClasses(int value) {
        return (ConvoyClassifier) set(numClasses(), value);
    }

    public ConvoyClassifier setHandleInvalid(String value) {
        return (ConvoyClassifier) set(handleInvalid(), value);
    }

    /** Sets more of Convoy's settings, as {@code key=value}. */
    public ConvoyClassifier setSettings(String... values) {
        return (ConvoyClassifier) set(settings(), values);
    }

    /**
     * Trains.
     *
     * @throws ConvoyException if a column or a setting is not sound, or training fails
     */
    @Override
    public ConvoyModel fit(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        Dataset<Row> labelled = dataset.select(
                functions.col(text(imageCol())),
                functions.col(text(labelCol())).cast("double").as("label"));
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        int labels;
        try (OwnJobs jobs = new OwnJobs(spark)) {
            labels = labels(labelled);
        }
        TrainedRun run = training()
                .onImages(labelled.withColumn("label", functions.col("label").cast("int")), text(imageCol()), "label")
                .run(spark);
        ConvoyModel model = ConvoyModel.ofRun(
                uid, run.directory(), dataset.sparkSession().sparkContext().hadoopConfiguration());
        copyValues(model, ParamMap.empty());
        model.set(model.numClasses(), labels);
        return model.setParent(this);
    }

    /** Checks labels, and counts how many there may be. */
    private int labels(Dataset<Row> labelled) {
        String name = text(labelCol());
        Row facts = labelled.agg(
                        functions.max("label"),
                        functions.count(functions.when(
                                functions.expr("label IS NULL OR label < 0 OR label != floor(label) OR label > 1e6"),
                                1)),
                        functions.count(functions.lit(1)))
                .first();
        if (facts.getLong(2) == 0) {
            throw new ConvoyException("Cannot train on no rows");
        }
        if (facts.getLong(1) > 0) {
            throw new ConvoyException(
                    "Cannot use the column " + name + " (labelCol): " + facts.getLong(1) + " of "
                            + facts.getLong(2)
                            + " labels are not 0, 1, 2 and so on; make them with StringIndexer, and leave rows without one out");
        }
        int largest = (int) facts.getDouble(0);
        int classes = number(numClasses());
        if (classes != 0 && largest >= classes) {
            throw new ConvoyException("Cannot use the column " + name + " (labelCol): it has the label " + largest
                    + ", but numClasses = " + classes + "; set that to at least " + (largest + 1));
        }
        return Math.max(classes, largest + 1);
    }

    private Training training() {
        Training training = Training.of(text(network()))
                .set("name", "spark-ml")
                .set("seed", String.valueOf(getOrDefault(seed())))
                .set("backend.name", text(backend()))
                .set("train.epochs", String.valueOf(number(epochs())))
                .set("optimizer.learning-rate", String.valueOf(getOrDefault(learningRate())))
                .set("data.batch-size", String.valueOf(number(batchSize())))
                .set("data.on-bad-image", text(handleInvalid()).equals("error") ? "fail" : "skip")
                .set("run.directory", ConfigUtil.quoteString(text(directory())));
        double share = (Double) getOrDefault(validation());
        training = share == 0 ? training : training.set("data.split.test", String.valueOf(share));
        for (String setting : getOrDefault(settings())) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw new ConvoyException("Cannot use the setting " + setting + "; write key=value");
            }
            training = training.set(setting.substring(0, equals), setting.substring(equals + 1));
        }
        return training;
    }

    @Override
    public StructType transformSchema(StructType schema) {
        String name = text(labelCol());
        if (!List.of(schema.fieldNames()).contains(name)) {
            throw new ConvoyException(
                    "Cannot find the column " + name + " (labelCol); there are " + List.of(schema.fieldNames()));
        }
        if (!(schema.apply(name).dataType() instanceof NumericType)) {
            throw new ConvoyException("Cannot use the column " + name + " (labelCol): it holds "
                    + schema.apply(name).dataType().simpleString()
                    + "; it must hold numbers: make them with StringIndexer");
        }
        return withPredictions(schema);
    }

    @Override
    public ConvoyClassifier copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    /** Reads what {@link #write} has written. */
    public static MLReader<ConvoyClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /** Reads what {@link #write} has written. */
    public static ConvoyClassifier load(String path) {
        return read().load(path);
    }
}
