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
import org.apache.commons.io.IOUtils;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;

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
     * @param predictions without an empty partition
     * @param output a folder, or, where its name ends as the format's does, a file; appears whole or not at all where the file system
     *     renames in one step
     * @throws ConvoyException if it exists, its name is another format's, or executors have written elsewhere
     */
    Written write(JavaRDD<Prediction> predictions, String output) throws IOException {
        Format named = Format.of(output);
        if (named != Format.PARQUET && named != format) {
            throw new ConvoyException("Cannot write " + format + " to " + output + ", which is called as " + named
                    + "; give another --output or --format");
        }
        // Counted once for each task that Spark takes, however often it is tried.
        LongAccumulator images = spark.sc().longAccumulator();
        LongAccumulator unanswered = spark.sc().longAccumulator();
        boolean flat = format == Format.CSV;
        int ranks = top;
        JavaRDD<Row> rows = predictions.map(prediction -> {
            images.add(1);
            unanswered.add(prediction.isAnswered() ? 0 : 1);
            return flat ? flat(prediction, ranks) : nested(prediction);
        });
        try (NewFolder made = NewFolder.claim(spark.hadoopConfiguration(), output, "--output")) {
            // The builder would warn of the context that is there.
            SparkSession session = new SparkSession(spark.sc());
            save(
                    session.createDataFrame(rows, flat ? flatSchema() : nestedSchema())
                            .write(),
                    made.work());
            List<Path> parts = parts(made.files(), made.work());
            if (parts.size() < predictions.getNumPartitions()) {
                throw new ConvoyException("Cannot write " + output + ": of " + predictions.getNumPartitions()
                        + " files that executors have written, " + parts.size()
                        + " are here; give a folder on a file system that all of them share");
            }
            made.publish(named == Format.PARQUET ? made.work() : joined(made.files(), made.work(), parts));
        }
        return new Written(images.value(), unanswered.value());
    }

    private void save(DataFrameWriter<Row> writer, Path folder) {
        switch (format) {
            case PARQUET -> writer.parquet(folder.toString());
                // As everybody but Spark quotes quotes; nothing is trimmed.
            case CSV -> writer.option("escape", "\"")
                    .option("ignoreLeadingWhiteSpace", false)
                    .option("ignoreTrailingWhiteSpace", false)
                    .option("compression", "none")
                    .csv(folder.toString());
            case JSONL -> writer.option("ignoreNullFields", false)
                    .option("compression", "none")
                    .json(folder.toString());
        }
    }

    private static List<Path> parts(FileSystem files, Path folder) throws IOException {
        return Arrays.stream(files.listStatus(folder))
                .map(FileStatus::getPath)
                .filter(part ->
                        !part.getName().startsWith("_") && !part.getName().startsWith("."))
                .sorted()
                .toList();
    }

    /** Puts the files of a folder behind each other. */
    private Path joined(FileSystem files, Path folder, List<Path> parts) throws IOException {
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
