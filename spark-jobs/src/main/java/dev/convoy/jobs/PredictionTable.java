package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import dev.convoy.predict.Prediction;
import dev.convoy.storage.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.io.IOUtils;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Predictions as a table, written by Spark: {@code path}, {@code class} and {@code probability} of the likeliest class, then {@code top}, an array of
 * structs of {@code class} and {@code probability}, and {@code error}. In CSV, which has no arrays, {@code class_2}, {@code probability_2} and so on
 * stand for it. Where there is no answer, all between {@code path} and {@code error} is null; where there is one, {@code error} is.
 */
public final class PredictionTable {
    private static final StructType RANKED =
            new StructType().add("class", DataTypes.StringType).add("probability", DataTypes.DoubleType);

    private final JavaSparkContext spark;
    private final Format format;
    private final int top;

    /**
     * @param top how many classes a prediction has
     */
    PredictionTable(JavaSparkContext spark, Format format, int top) {
        this.spark = spark;
        this.format = format;
        this.top = top;
    }

    /** What a table is written as. */
    public enum Format {
        /** A folder of files. */
        PARQUET,
        /** One file with a heading, or a folder of files without. */
        CSV,
        /** One file of JSON objects, one a line, or a folder of files. */
        JSONL;

        /** What an output's name says of its format: {@code .csv} and {@code .jsonl} do, all else is Parquet. */
        public static Format of(String output) {
            String name = output.toLowerCase(Locale.ROOT);
            return name.endsWith(".csv") ? CSV : name.endsWith(".jsonl") ? JSONL : PARQUET;
        }

        private boolean isOneFile(String output) {
            return this != PARQUET && of(output) == this;
        }
    }

    /**
     * What was written.
     *
     * @param images rows
     * @param unanswered of these, the ones with an error
     */
    public record Written(long images, long unanswered) {}

    /**
     * Writes a table.
     *
     * @param output a folder, or, where its name ends as the format's does, a file; appears whole or not at all
     * @throws ConvoyException if it exists
     */
    Written write(JavaRDD<Prediction> predictions, String output) throws IOException {
        boolean flat = format == Format.CSV;
        int ranks = top;
        JavaRDD<Row> rows = predictions.map(prediction -> flat ? flat(prediction, ranks) : nested(prediction));
        Observation counts = new Observation();
        Dataset<Row> table = SparkSession.builder()
                .getOrCreate()
                .createDataFrame(rows, flat ? flatSchema() : nestedSchema())
                .observe(
                        counts,
                        functions.count(functions.lit(1)).as("images"),
                        functions.count("error").as("unanswered"));
        try (NewFolder made = NewFolder.claim(spark.hadoopConfiguration(), output, "--output")) {
            save(table.write(), made.work().toString());
            made.publish(format.isOneFile(output) ? joined(made.files(), made.work()) : made.work());
        }
        return written(counts);
    }

    private static Written written(Observation counts) {
        try {
            Map<String, Object> found = counts.getAsJava();
            return new Written((Long) found.get("images"), (Long) found.get("unanswered"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: the job was interrupted", e);
        }
    }

    private void save(DataFrameWriter<Row> writer, String folder) {
        switch (format) {
            case PARQUET -> writer.parquet(folder);
                // As everybody but Spark quotes quotes.
            case CSV -> writer.option("escape", "\"").csv(folder);
            case JSONL -> writer.option("ignoreNullFields", false).json(folder);
        }
    }

    /** Puts the files of a folder behind each other. */
    private Path joined(FileSystem files, Path folder) throws IOException {
        List<Path> parts = Arrays.stream(files.listStatus(folder))
                .map(FileStatus::getPath)
                .filter(part -> part.getName().startsWith("part-"))
                .sorted()
                .toList();
        Path whole = new Path(folder, "whole");
        AtomicFiles.write(files, whole, out -> {
            if (format == Format.CSV) {
                String heading = String.join(",", flatSchema().fieldNames()) + "\n";
                out.write(heading.getBytes(StandardCharsets.UTF_8));
            }
            for (Path part : parts) {
                copy(files, part, out);
            }
        });
        return whole;
    }

    private static void copy(FileSystem files, Path part, OutputStream out) throws IOException {
        try (InputStream in = files.open(part)) {
            IOUtils.copy(in, out);
        }
    }

    private static StructType nestedSchema() {
        return new StructType()
                .add("path", DataTypes.StringType)
                .add("class", DataTypes.StringType)
                .add("probability", DataTypes.DoubleType)
                .add("top", DataTypes.createArrayType(RANKED))
                .add("error", DataTypes.StringType);
    }

    private static Row nested(Prediction prediction) {
        if (!prediction.isAnswered()) {
            return RowFactory.create(prediction.image(), null, null, null, prediction.error());
        }
        Row[] ranked = prediction.top().stream()
                .map(one -> RowFactory.create(one.name(), one.probability()))
                .toArray(Row[]::new);
        return RowFactory.create(
                prediction.image(), prediction.best().name(), prediction.best().probability(), ranked, null);
    }

    private StructType flatSchema() {
        StructType schema = new StructType().add("path", DataTypes.StringType);
        for (int rank = 1; rank <= top; rank++) {
            String behind = rank == 1 ? "" : "_" + rank;
            schema = schema.add("class" + behind, DataTypes.StringType)
                    .add("probability" + behind, DataTypes.DoubleType);
        }
        return schema.add("error", DataTypes.StringType);
    }

    private static Row flat(Prediction prediction, int ranks) {
        List<Object> cells = new ArrayList<>();
        cells.add(prediction.image());
        for (int rank = 0; rank < ranks; rank++) {
            cells.add(prediction.isAnswered() ? prediction.top().get(rank).name() : null);
            cells.add(prediction.isAnswered() ? prediction.top().get(rank).probability() : null);
        }
        cells.add(prediction.isAnswered() ? null : prediction.error());
        return RowFactory.create(cells.toArray());
    }
}
