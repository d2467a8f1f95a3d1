package dev.convoy.benchmarks.predict;

import dev.convoy.benchmarks.contest.Contestant;
import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.benchmarks.data.Pictures;
import dev.convoy.config.DataConfig;
import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.decode.Preparation;
import dev.convoy.jobs.PredictJob;
import dev.convoy.jobs.PredictionTable;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Times {@code predict} on two cores: of networks that compute long beside two replicas in a loop, and of one that computes next to
 * nothing beside two threads that read files and decode them.
 */
@Command(
        name = "predict",
        description = "Times predict beside a bare loop of forward passes, and beside decoding alone.",
        mixinStandardHelpOptions = true)
public final class PredictBenchmark implements Callable<Integer> {
    private static final int THREADS = 2;
    private static final int BATCH = 64;
    private static final int CLASSES = 10;

    @Option(names = "--turns", description = "Turns of each (default: ${DEFAULT-VALUE}).")
    private int turns = 5;

    @Option(
            names = "--images",
            description =
                    "Small images of a turn, and photos; a fiftieth, of 224x224, for ResNet-18 (default: ${DEFAULT-VALUE}).")
    private int images = 4000;

    /** Seconds of each turn. */
    private final List<Double> bare = new ArrayList<>();

    private final List<Double> asked = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        Path folder = Files.createTempDirectory("convoy-bench-");
        try (JavaSparkContext spark = new JavaSparkContext(LocalSpark.conf("local[" + THREADS + "]"))) {
            compute(spark, folder, NamedNetwork.RESNET18, whole(images / 50), 224);
            compute(spark, folder, NamedNetwork.RESNET20, whole(images), 32);
            decode(spark, folder);
        } finally {
            FileUtils.deleteQuietly(folder.toFile());
        }
        return 0;
    }

    /** So many that no thread's last batch is smaller than the others. */
    private static int whole(int count) {
        return Math.max(1, count / (THREADS * BATCH)) * THREADS * BATCH;
    }

    private void compute(JavaSparkContext spark, Path folder, NamedNetwork network, int count, int side)
            throws IOException {
        TrainedModel model = model(network.spec(CLASSES), new ImageShape(3, side, side));
        Path input = pictures(folder.resolve(network.name()), count, side, side, ".png");
        takeTurns(spark, folder, model, input, () -> inThreads(thread -> forward(model, count)));
        tell(network + ", " + count + " PNGs of " + side + "x" + side, "two replicas in a loop");
    }

    private void decode(JavaSparkContext spark, Path folder) throws IOException {
        NetworkSpec linear = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(CLASSES)));
        TrainedModel model = model(linear, new ImageShape(3, 32, 32));
        Path input = pictures(folder.resolve("photos"), images, 500, 375, ".jpg");
        List<Path> files = new ArrayList<>();
        try (var all = Files.newDirectoryStream(input)) {
            all.forEach(files::add);
        }
        ImageDecoder decoder = model.preparation().decoder(model.network().input());
        takeTurns(spark, folder, model, input, () -> inThreads(thread -> decodeAll(files, thread, decoder)));
        tell("One dense layer, " + images + " JPEGs of 500x375", "two threads that read and decode");
    }

    private static TrainedModel model(NetworkSpec spec, ImageShape input) {
        Network network = spec.bind(input);
        ModelState state = network.initialState(1);
        List<String> classes =
                IntStream.range(0, CLASSES).mapToObj(String::valueOf).toList();
        Normalization normalization = new Normalization(new float[] {0.5f, 0.5f, 0.5f}, new float[] {0.3f, 0.3f, 0.3f});
        Preparation preparation = new Preparation(ImageDecoder.Sizes.STRETCH, ImageDecoder.Colours.REFUSE);
        return new TrainedModel(network, classes, normalization, preparation, state.parameters(), state.buffers());
    }

    private static Path pictures(Path folder, int count, int width, int height, String ending) throws IOException {
        Files.createDirectories(folder);
        for (int i = 0; i < count; i++) {
            Files.write(folder.resolve(i + ending), Pictures.make(width, height, ending, i));
        }
        return folder;
    }

    private void takeTurns(JavaSparkContext spark, Path folder, TrainedModel model, Path input, Runnable loop)
            throws IOException {
        bare.clear();
        asked.clear();
        Path saved = folder.resolve("model-" + UUID.randomUUID());
        model.save(FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(saved.toString()));
        for (int turn = -1; turn < turns; turn++) {
            double loopSeconds = seconds(loop);
            double predictSeconds = seconds(() -> predict(spark, folder, saved, input));
            // The first is for the compilers.
            if (turn >= 0) {
                bare.add(loopSeconds);
                asked.add(predictSeconds);
            }
        }
    }

    private static double seconds(Runnable work) {
        long began = System.nanoTime();
        work.run();
        return (System.nanoTime() - began) / 1e9;
    }

    /** As a user does it, from the listing to the last row. */
    private static void predict(JavaSparkContext spark, Path folder, Path model, Path input) {
        PredictJob.Options options = new PredictJob.Options(5, Optional.of(DataConfig.Fit.STRETCH), null, false);
        try (PredictJob job = PredictJob.of(spark, model.toString(), input.toString(), options, Map.of())) {
            job.write(folder.resolve("out-" + UUID.randomUUID()).toString(), PredictionTable.Format.PARQUET);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Share {
        void run(int thread);
    }

    private static void inThreads(Share share) {
        List<Thread> threads = IntStream.range(0, THREADS)
                .mapToObj(i -> new Thread(() -> share.run(i)))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Half of the images, decoded already. */
    private static void forward(TrainedModel model, int images) {
        ImageShape shape = model.network().input();
        ImageBatch batch = new ImageBatch(
                shape,
                LongStream.range(0, BATCH).toArray(),
                new byte[BATCH * shape.size()],
                Collections.nCopies(BATCH, Target.UNKNOWN));
        try (Replica replica = ComputeBackend.named("torch").newReplica(model.network(), model.normalization())) {
            replica.parameters().set(model.parameters());
            replica.buffers().set(model.buffers());
            for (int done = 0; done < images / THREADS; done += BATCH) {
                replica.outputs(batch);
            }
        }
    }

    private static void decodeAll(List<Path> files, int thread, ImageDecoder decoder) {
        for (int i = thread; i < files.size(); i += THREADS) {
            try {
                decoder.decode(new SourceImage.Data.Encoded(Files.readAllBytes(files.get(i))));
            } catch (BadImageException | IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void tell(String what, String beside) {
        double loop = Contestant.median(bare);
        double predict = Contestant.median(asked);
        System.out.printf(
                Locale.ROOT,
                "%s: %s %.2f s, predict %.2f s: %.2f of it%n",
                what,
                beside,
                loop,
                predict,
                loop / predict);
    }
}
