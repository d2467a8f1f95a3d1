package dev.convoy.ml;

import dev.convoy.data.ConvoyException;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.Params;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.StructType;

/**
 * What {@link ConvoyClassifier} and {@link ConvoyModel} share. Params are equal if their parent and name are, so that each call may make
 * one.
 */
public interface PredictionParams extends Params {
    /** A column of whole files as binary, or of Spark's image struct. */
    default Param<String> imageCol() {
        return new Param<>(this, "imageCol", "column of images: whole files as binary, or Spark's image struct");
    }

    /** The answered class, as Spark's evaluators take it. */
    default Param<String> predictionCol() {
        return new Param<>(this, "predictionCol", "column for the predicted label; empty for none");
    }

    /** A probability for each label. */
    default Param<String> probabilityCol() {
        return new Param<>(this, "probabilityCol", "column for the probabilities of all labels; empty for none");
    }

    /** The network's output for each label. */
    default Param<String> rawPredictionCol() {
        return new Param<>(this, "rawPredictionCol", "column for the network's outputs of all labels; empty for none");
    }

    /** Why there is no prediction. */
    default Param<String> errorCol() {
        return new Param<>(
                this,
                "errorCol",
                "column that says why an image has no prediction, null if it has one; empty for none");
    }

    /** What becomes of images that cannot be used. */
    default Param<String> handleInvalid() {
        return new Param<>(
                this,
                "handleInvalid",
                "what becomes of images that cannot be used: error (the job fails), skip (no row) or keep (prediction NaN, which"
                        + " evaluators count as wrong or not at all, and why in errorCol)",
                ParamValidators.inArray(new String[] {"error", "skip", "keep"}));
    }

    /** Which engine computes. */
    default Param<String> backend() {
        return new Param<>(this, "backend", "what computes: torch or dl4j");
    }

    /** Images at a time. */
    default IntParam batchSize() {
        return new IntParam(
                this,
                "batchSize",
                "images of a worker that go through the network at a time, at least 1",
                ParamValidators.gtEq(1));
    }

    /** The number of labels. */
    default IntParam numClasses() {
        return new IntParam(
                this,
                "numClasses",
                "labels are 0 to this, exclusive; 0: up to the largest in training",
                ParamValidators.gtEq(0));
    }

    /** Sets what holds unless something else is set. */
    default void setPredictionDefaults() {
        setDefault(imageCol(), "image");
        setDefault(predictionCol(), "prediction");
        setDefault(probabilityCol(), "probability");
        setDefault(rawPredictionCol(), "rawPrediction");
        setDefault(errorCol(), "error");
        setDefault(handleInvalid(), "error");
        setDefault(backend(), "torch");
        setDefault(batchSize(), 64);
        setDefault(numClasses(), 0);
    }

    /** A text that is set, or holds otherwise. */
    default String text(Param<String> param) {
        return getOrDefault(param);
    }

    /** A number that is set, or holds otherwise. */
    default int number(IntParam param) {
        return (Integer) getOrDefault(param);
    }

    /**
     * The schema with the columns of predictions; without a job.
     *
     * @throws ConvoyException if the column of images is not there or holds something else, or a new one is there already
     */
    default StructType withPredictions(StructType schema) {
        checkImages(schema);
        StructType result = schema;
        result = added(result, text(rawPredictionCol()), SQLDataTypes.VectorType());
        result = added(result, text(probabilityCol()), SQLDataTypes.VectorType());
        result = added(result, text(predictionCol()), DataTypes.DoubleType);
        return added(result, text(errorCol()), DataTypes.StringType);
    }

    private static StructType added(StructType schema, String name, DataType type) {
        if (name.isEmpty()) {
            return schema;
        }
        if (List.of(schema.fieldNames()).contains(name)) {
            throw new ConvoyException("Cannot add the column " + name + ": there is one of this name; drop it, or name"
                    + " another with the params of the stage");
        }
        return schema.add(name, type, true);
    }

    private void checkImages(StructType schema) {
        String name = text(imageCol());
        if (!List.of(schema.fieldNames()).contains(name)) {
            throw new ConvoyException(
                    "Cannot find the column " + name + " (imageCol); there are " + List.of(schema.fieldNames()));
        }
        DataType type = schema.apply(name).dataType();
        if (!(type instanceof BinaryType) && !isImage(type)) {
            throw new ConvoyException("Cannot use the column " + name + " (imageCol): it holds " + type.simpleString()
                    + "; it must hold whole files as binary, or Spark's image struct");
        }
    }

    private static boolean isImage(DataType type) {
        if (!(type instanceof StructType struct)) {
            return false;
        }
        List<String> names = List.of(struct.fieldNames());
        return names.contains("data")
                && struct.apply("data").dataType() instanceof BinaryType
                && Stream.of("height", "width", "nChannels")
                        .allMatch(side ->
                                names.contains(side) && struct.apply(side).dataType() instanceof IntegerType);
    }
}
