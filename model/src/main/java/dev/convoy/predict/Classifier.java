package dev.convoy.predict;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A trained model in a process of one's own, without Spark:
 *
 * <pre>{@code
 * try (Classifier classifier = Classifier.load("runs/pets-20261127T101500Z")) {
 *     Prediction answer = classifier.classify(Files.readAllBytes(Path.of("cat.jpg")));
 *     System.out.println(answer.best().name() + " " + answer.best().probability());
 * }
 * }</pre>
 *
 * <p>Safe for use by several threads, whose images are answered one call after the other. Closing frees native memory.
 */
public final class Classifier implements AutoCloseable {
    /** Images that go through the network at a time. */
    private static final int BATCH = 32;

    private final TrainedModel model;
    /** Owns the replica. */
    private final ExecutorService thread;

    private final Replica replica;
    private final Predictor predictor;
    /** Only the thread looks at it, so that nobody's images come to memory that is freed. */
    private boolean closed;

    private Classifier(TrainedModel model, ComputeBackend backend) {
        this.model = model;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread made = new Thread(task, "convoy-classifier");
            made.setDaemon(true);
            return made;
        });
        try {
            ImageDecoder decoder = model.preparation().decoder(model.network().input());
            this.replica = onThread(() -> replica(model, backend));
            this.predictor = new Predictor(
                    replica,
                    decoder,
                    model.network().spec().loss(),
                    model.classNames(),
                    model.classNames().size());
        } catch (RuntimeException | Error e) {
            thread.shutdown();
            throw e;
        }
    }

    private static Replica replica(TrainedModel model, ComputeBackend backend) {
        Placement anywhere = new Placement(Placement.Device.AUTO, Placement.ANY, Placement.Precision.FP32);
        Replica made = backend.newReplica(model.network(), model.normalization(), anywhere);
        try {
            made.parameters().set(model.parameters());
            made.buffers().set(model.buffers());
            return made;
        } catch (RuntimeException | Error e) {
            made.close();
            throw e;
        }
    }

    /** Loads a model for libtorch, as {@link #load(String, String)} does. */
    public static Classifier load(String path) {
        return load(path, "torch");
    }

    /**
     * Loads a model.
     *
     * @param path a run directory or a model's folder, on any Hadoop file system that is on the class path
     * @param backend {@code torch} or {@code dl4j}; computes on a GPU if it can use one
     * @throws ConvoyException if there is no model, it is damaged, or the backend's natives are missing
     */
    public static Classifier load(String path, String backend) {
        try {
            FileSystem files = new Path(path).getFileSystem(new Configuration());
            TrainedModel model = TrainedModel.load(files, TrainedModel.folder(files, new Path(path)));
            return new Classifier(model, ComputeBackend.named(backend));
        } catch (IOException e) {
            throw new ConvoyException("Cannot read the model in " + path + ": " + e.getMessage(), e);
        }
    }

    /** The names of the classes, in the order of the network's outputs. */
    public List<String> classNames() {
        return model.classNames();
    }

    /**
     * Classifies an image.
     *
     * @param image a whole file: JPEG, PNG, WebP, BMP, TIFF or GIF
     * @return all classes with their probabilities, or why there is no answer
     */
    public Prediction classify(byte[] image) {
        return classify(List.of(image)).get(0);
    }

    /**
     * Classifies images, some at a time; faster than one by one.
     *
     * @param images whole files
     * @return one for each image, called {@code image 0} and so on in their order
     * @throws IllegalStateException if this is closed
     */
    public List<Prediction> classify(List<byte[]> images) {
        List<SourceImage> named = IntStream.range(0, images.size())
                .mapToObj(i -> new SourceImage(i, "image " + i, -1, new SourceImage.Data.Encoded(images.get(i))))
                .toList();
        List<Prediction> answers = new ArrayList<>();
        for (int from = 0; from < named.size(); from += BATCH) {
            List<SourceImage> batch = named.subList(from, Math.min(named.size(), from + BATCH));
            answers.addAll(onThread(() -> predictor.predict(batch)));
        }
        return answers;
    }

    private <T> T onThread(Supplier<T> work) {
        try {
            Supplier<T> unlessClosed = () -> {
                if (closed) {
                    throw closed();
                }
                return work.get();
            };
            return CompletableFuture.supplyAsync(unlessClosed, thread).join();
        } catch (RejectedExecutionException e) {
            throw closed();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            if (e.getCause() instanceof Error known) {
                throw known;
            }
            throw e;
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("This classifier is closed");
    }

    /** Frees the model; images that are being classified come first. */
    @Override
    public void close() {
        try {
            thread.execute(() -> {
                if (!closed) {
                    closed = true;
                    replica.close();
                }
            });
        } catch (RejectedExecutionException e) {
            // Closed before.
            return;
        }
        thread.shutdown();
    }
}
