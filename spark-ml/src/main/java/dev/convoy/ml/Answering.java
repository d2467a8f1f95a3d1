package dev.convoy.ml;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Loss;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.predict.Predictor;
import dev.convoy.train.replica.ModelBroadcast;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Adds predictions to the rows of a partition, a batch at a time. */
record Answering(
        ReplicaSpec replica,
        ModelBroadcast model,
        Preparation preparation,
        int[] labels,
        int size,
        int batchSize,
        Columns columns,
        String handleInvalid)
        implements MapPartitionsFunction<Row, Row> {
    /**
     * Which columns there are.
     *
     * @param image the place of the images'
     */
    record Columns(int image, boolean raw, boolean probability, boolean prediction, boolean error)
            implements Serializable {}

    static ReplicaSpec replica(String backend, TrainedModel trained) {
        return ReplicaSpec.of(
                backend, new Placement(Placement.Device.AUTO, Placement.ANY, Placement.Precision.FP32), trained);
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        return new Iterator<>() {
            private Iterator<Row> answered = Collections.emptyIterator();

            @Override
            public boolean hasNext() {
                while (!answered.hasNext() && rows.hasNext()) {
                    answered = answer(rows).iterator();
                }
                return answered.hasNext();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return answered.next();
            }
        };
    }

    private List<Row> answer(Iterator<Row> rows) {
        List<Row> batch = new ArrayList<>();
        List<SourceImage> images = new ArrayList<>();
        while (batch.size() < batchSize && rows.hasNext()) {
            Row row = rows.next();
            images.add(new SourceImage(batch.size(), "row " + batch.size(), -1, data(row)));
            batch.add(row);
        }
        List<Predictor.Outputs> outputs = ask(images);
        List<Row> answered = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Predictor.Outputs output = outputs.get(i);
            if (!output.isAnswer() && handleInvalid.equals("error")) {
                throw new ConvoyException(
                        "Cannot predict: " + output.error() + "; mend the image, or set handleInvalid to keep or skip");
            }
            if (output.isAnswer() || handleInvalid.equals("keep")) {
                answered.add(withColumns(batch.get(i), output));
            }
        }
        return answered;
    }

    private SourceImage.Data data(Row row) {
        if (row.isNullAt(columns.image)) {
            return new SourceImage.Data.Unreadable("there is none");
        }
        if (row.get(columns.image) instanceof Row image) {
            for (String field : List.of("height", "width", "nChannels", "data")) {
                if (image.isNullAt(image.fieldIndex(field))) {
                    return new SourceImage.Data.Unreadable("its struct has no " + field);
                }
            }
            return SourceImage.Data.ofSpark(
                    image.getAs("height"), image.getAs("width"), image.getAs("nChannels"), image.getAs("data"));
        }
        return new SourceImage.Data.Encoded(row.getAs(columns.image));
    }

    private List<Predictor.Outputs> ask(List<SourceImage> images) {
        try {
            List<String> names = Arrays.stream(labels).mapToObj(String::valueOf).toList();
            return ReplicaPool.withModel(
                    replica.forTask(TaskContext.get()), model.name(), model::loadInto, lent -> new Predictor(
                                    lent,
                                    preparation.decoder(replica.input()),
                                    replica.network().loss(),
                                    names,
                                    names.size())
                            .outputs(images));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The task was interrupted", e);
        }
    }

    private Row withColumns(Row row, Predictor.Outputs output) {
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < row.size(); i++) {
            values.add(row.get(i));
        }
        Loss loss = replica.network().loss();
        double[] raw = output.values();
        if (columns.raw) {
            // A label that training never saw is the least likely one there is.
            values.add(Vectors.dense(byLabel(raw, Double.NEGATIVE_INFINITY)));
        }
        if (columns.probability) {
            double[] answers = output.isAnswer() ? loss.answers(raw, 0, raw.length) : raw;
            values.add(Vectors.dense(byLabel(answers, 0)));
        }
        if (columns.prediction) {
            values.add(output.isAnswer() ? (double) labels[Evaluation.answer(raw, 0, raw.length)] : Double.NaN);
        }
        if (columns.error) {
            values.add(output.isAnswer() ? null : output.error());
        }
        return RowFactory.create(values.toArray());
    }

    private double[] byLabel(double[] values, double missing) {
        double[] placed = new double[size];
        Arrays.fill(placed, values.length == 0 ? Double.NaN : missing);
        for (int i = 0; i < values.length; i++) {
            placed[labels[i]] = values[i];
        }
        return placed;
    }
}
