package dev.convoy.report.tensorboard;

import dev.convoy.report.Event;
import dev.convoy.report.EventSink;
import dev.convoy.report.TensorSummary;
import dev.convoy.storage.ProcessId;
import dev.convoy.storage.ProtobufMessage;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes an attempt's events as a file for TensorBoard: scalars, histograms of weights, and pictures, by global step. A later attempt's file
 * begins with the step that it goes on from, after which TensorBoard leaves out what the earlier ones have beyond it. Numbers of fields are
 * those of TensorFlow's {@code event.proto}, {@code summary.proto} and {@code histogram.proto}.
 */
public final class TensorBoardFile implements EventSink {
    /** The folder in a run's that TensorBoard is given as log directory. */
    public static final String FOLDER = "tensorboard";

    private static final int SESSION_START = 1;

    private final RecordFile records;

    private TensorBoardFile(RecordFile records) {
        this.records = records;
    }

    /** Begins the file of an attempt. */
    public static TensorBoardFile create(FileSystem files, Path run, int attempt, Instant now) throws IOException {
        ProcessId process = ProcessId.current();
        String name = String.format(
                Locale.ROOT,
                "events.out.tfevents.%010d.%s.%d.%d",
                now.getEpochSecond(),
                process.host().replaceAll("[^A-Za-z0-9.-]", "_"),
                process.pid(),
                attempt);
        RecordFile records = new RecordFile(files.create(new Path(new Path(run, FOLDER), name), true));
        records.write(new ProtobufMessage().real(1, seconds(now)).text(3, "brain.Event:2"));
        return new TensorBoardFile(records);
    }

    private static double seconds(Instant time) {
        return time.toEpochMilli() / 1e3;
    }

    @Override
    public void accept(Event event) throws IOException {
        if (event instanceof Event.Started started) {
            // The first step that it may repeat.
            records.write(
                    at(started.time(), started.step() + 1).message(7, new ProtobufMessage().integer(1, SESSION_START)));
        } else if (event instanceof Event.Rounds rounds) {
            records.write(summary(event, of(rounds)));
        } else if (event instanceof Event.Epoch epoch) {
            records.write(summary(event, of(epoch)));
        } else if (event instanceof Event.Weights weights) {
            records.write(summary(event, of(weights)));
        } else if (event instanceof Event.Picture picture) {
            records.write(summary(event, of(picture)));
        }
        records.flush();
    }

    private static ProtobufMessage at(String time, long step) {
        return new ProtobufMessage().real(1, seconds(Instant.parse(time))).integer(2, step);
    }

    private static ProtobufMessage summary(Event event, ProtobufMessage values) {
        return at(event.time(), event.step()).message(5, values);
    }

    private static ProtobufMessage of(Event.Rounds rounds) {
        ProtobufMessage values = new ProtobufMessage();
        scalar(values, "rounds/loss", rounds.loss());
        scalar(values, "rounds/learning-rate", rounds.learningRate());
        scalar(values, "rounds/update-norm", rounds.updateNorm());
        scalar(values, "rounds/images-per-second", rounds.images() / rounds.seconds());
        return scalar(values, "rounds/exchange-share", rounds.exchangeShare());
    }

    private static ProtobufMessage of(Event.Epoch epoch) {
        ProtobufMessage values = new ProtobufMessage();
        scalar(values, "epoch/train-loss", epoch.trainLoss());
        scalar(values, "epoch/test-loss", epoch.testLoss());
        scalar(values, "epoch/test-accuracy", epoch.testAccuracy());
        return scalar(values, "epoch/images-per-second", epoch.imagesPerSecond());
    }

    private static ProtobufMessage of(Event.Weights weights) {
        ProtobufMessage values = new ProtobufMessage();
        for (TensorSummary tensor : weights.tensors()) {
            scalar(values, "gradient-norm/" + tensor.name(), tensor.gradient());
            scalar(values, "change-norm/" + tensor.name(), tensor.change());
            if (tensor.min() != null && tensor.max() != null) {
                values.message(
                        1,
                        new ProtobufMessage()
                                .text(1, "weights/" + tensor.name())
                                .message(5, histogram(tensor)));
            }
        }
        return values;
    }

    private static ProtobufMessage histogram(TensorSummary tensor) {
        long[] counts = tensor.counts();
        double width = (tensor.max() - tensor.min()) / counts.length;
        double[] edges = new double[counts.length];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = tensor.min() + width * (i + 1);
        }
        return new ProtobufMessage()
                .real(1, tensor.min())
                .real(2, tensor.max())
                .real(3, tensor.values())
                .real(4, tensor.sum())
                .real(5, tensor.squares())
                .reals(6, edges)
                .reals(7, Arrays.stream(counts).asDoubleStream().toArray());
    }

    private static ProtobufMessage of(Event.Picture picture) {
        ProtobufMessage image = new ProtobufMessage()
                .integer(1, picture.height())
                .integer(2, picture.width())
                .integer(3, 3)
                .bytes(4, picture.png());
        return new ProtobufMessage()
                .message(1, new ProtobufMessage().text(1, picture.tag()).message(4, image));
    }

    /** Adds a number, if there is one. */
    private static ProtobufMessage scalar(ProtobufMessage values, String tag, Double value) {
        return value == null
                ? values
                : values.message(1, new ProtobufMessage().text(1, tag).single(2, value.floatValue()));
    }

    @Override
    public void close() throws IOException {
        records.close();
    }
}
