package dev.convoy.benchmarks.data;

import dev.convoy.benchmarks.contest.Contestant;
import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunkBuilder;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.augment.GeometricTransform;
import dev.convoy.data.augment.PixelTransform;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSplit;
import dev.convoy.data.source.ListSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * The process behind a {@link Contestant} that decodes. For every number of batches that it reads, it decodes at least
 * as many with two threads, and prints the nanoseconds and the batches.
 *
 * <p>Arguments: kind, list of images (as {@link ListSource} reads it).
 */
final class DataWorker {
    private static final int THREADS = 2;
    private static final ImageShape SHAPE = new ImageShape(3, 224, 224);
    private static final ImageDecoder DECODER =
            new ImageDecoder(SHAPE, ImageDecoder.Sizes.STRETCH, ImageDecoder.Colours.REFUSE);
    private static final GeometricTransform.ResizedCrop CROP = new GeometricTransform.ResizedCrop();
    private static final Augmentation AUGMENTATION = augmentation(CROP);
    private static final Augmentation ORIGINALS =
            augmentation(CROP.withFrom(GeometricTransform.ResizedCrop.From.ORIGINAL));

    /** What is done with images. Those in Spark read the files, the others have them in memory. */
    enum Kind {
        OPENCV("OpenCV's imdecode and resize"),
        DECODER("Convoy's decoder"),
        OPENCV_AUGMENTED("OpenCV's imdecode, resize of a part, flip, transform"),
        AUGMENTED("Convoy's decoder and augmentation"),
        ORIGINALS_AUGMENTED("Convoy's augmentation, crops from originals"),
        SPARK("Convoy in Spark: read, decode"),
        SHARDS("Convoy in Spark: read, decode, deal, cache");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    /** Decodes at least some batches; says how many. */
    private interface Contender {
        int decode(int batches) throws Exception;
    }

    /** Decodes a batch on the calling thread. */
    private interface BatchDecoder<T> {
        void decode(List<T> batch) throws Exception;
    }

    private DataWorker() {}

    /** Runs until its input ends. */
    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        // Spark's shell messages must not get between the answers.
        System.setOut(System.err);
        Contender contender = contender(Kind.valueOf(arguments[0]), new ListSource(arguments[1], null));
        answers.println("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            long began = System.nanoTime();
            int taken = contender.decode(Integer.parseInt(line));
            answers.println(System.nanoTime() - began + " " + taken);
        }
        System.exit(0);
    }

    private static Contender contender(Kind kind, ListSource source) throws IOException {
        ImageListing listing = source.list(new Configuration(), List.of());
        if (kind == Kind.SPARK || kind == Kind.SHARDS) {
            JavaSparkContext spark = new JavaSparkContext(LocalSpark.conf("local[" + THREADS + "]"));
            long whole = listing.examples() / Workload.BATCH * Workload.BATCH;
            WorkerLayout layout = new WorkerLayout(1, listing.examples(), whole, THREADS);
            return kind == Kind.SPARK ? decoding(spark, listing, layout) : loading(spark, listing, layout);
        }
        List<SourceImage> images = new ArrayList<>();
        for (ImageSplit split : listing.splits()) {
            split.read(new Configuration(), id -> true).forEachRemaining(images::add);
        }
        return switch (kind) {
            case OPENCV -> threads(images.stream().map(DataWorker::file).toList(), DataWorker::openCv);
            case DECODER -> threads(images, DataWorker::decode);
            case OPENCV_AUGMENTED -> threads(
                    images.stream().map(DataWorker::file).toList(), DataWorker::openCvAugmented);
            case AUGMENTED -> threads(images, DataWorker::augment);
            case ORIGINALS_AUGMENTED -> originals(images);
            case SPARK, SHARDS -> throw new IllegalStateException();
        };
    }

    /** Two threads that take the batches in turn. */
    private static <T> Contender threads(List<T> images, BatchDecoder<T> decoder) {
        List<Callable<Void>> batches = new ArrayList<>();
        for (int end = Workload.BATCH; end <= images.size(); end += Workload.BATCH) {
            List<T> batch = images.subList(end - Workload.BATCH, end);
            batches.add(() -> {
                decoder.decode(batch);
                return null;
            });
        }
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        return count -> {
            List<Callable<Void>> chosen = IntStream.range(0, count)
                    .mapToObj(i -> batches.get(i % batches.size()))
                    .toList();
            for (Future<Void> batch : threads.invokeAll(chosen)) {
                batch.get();
            }
            return count;
        };
    }

    private static Augmentation augmentation(GeometricTransform.ResizedCrop crop) {
        return new Augmentation(
                List.of(crop, new GeometricTransform.Flip(), new PixelTransform.ColourJitter(0.4, 0.4, 0.4, 0.1)));
    }

    /** As with {@code data.cache = encoded}. */
    private static Contender originals(List<SourceImage> images) {
        ImageChunkBuilder chunk = new ImageChunkBuilder(SHAPE, true);
        images.forEach(image -> chunk.add(image.id(), image.target(), bytes(image)));
        WorkerShard shard = WorkerShard.of(List.of(chunk.build())).withDecoder(DECODER);
        return threads(images, batch -> ORIGINALS.gather(shard, ids(batch), 1, 0, OptionalLong.empty()));
    }

    private static long[] ids(List<SourceImage> images) {
        return images.stream().mapToLong(SourceImage::id).toArray();
    }

    private static byte[] bytes(SourceImage image) {
        return ((SourceImage.Data.Encoded) image.data()).bytes();
    }

    private static Mat file(SourceImage image) {
        byte[] bytes = bytes(image);
        return new Mat(1, bytes.length, opencv_core.CV_8UC1, new BytePointer(bytes));
    }

    /** The ceiling: memory is used again, nothing is checked, and pixels stay where and as OpenCV puts them. */
    private static void openCv(List<Mat> files) {
        opencv_core.setNumThreads(1);
        try (Mat image = new Mat();
                Mat resized = new Mat();
                Size size = new Size(SHAPE.width(), SHAPE.height())) {
            for (Mat file : files) {
                opencv_imgcodecs.imdecode(file, opencv_imgcodecs.IMREAD_COLOR, image);
                opencv_imgproc.resize(image, resized, size, 0, 0, opencv_imgproc.INTER_AREA);
            }
        }
    }

    /** The ceiling with augmentation: one interpolation, from the middle half of the whole image, and one map of colours. */
    private static void openCvAugmented(List<Mat> files) {
        opencv_core.setNumThreads(1);
        float[] colours = {1.1f, 0.1f, -0.1f, 3, 0.05f, 0.9f, 0.05f, -2, -0.1f, 0.2f, 1.2f, 1};
        try (Mat image = new Mat();
                Mat resized = new Mat();
                Mat flipped = new Mat();
                Mat changed = new Mat();
                Mat map = new Mat(3, 4, opencv_core.CV_32FC1, new FloatPointer(colours));
                Size size = new Size(SHAPE.width(), SHAPE.height())) {
            for (Mat file : files) {
                opencv_imgcodecs.imdecode(file, opencv_imgcodecs.IMREAD_COLOR, image);
                int height = image.rows() * 7 / 10;
                int width = image.cols() * 7 / 10;
                try (Rect middle = new Rect(image.cols() / 7, image.rows() / 7, width, height);
                        Mat part = new Mat(image, middle)) {
                    opencv_imgproc.resize(part, resized, size, 0, 0, opencv_imgproc.INTER_LINEAR);
                }
                opencv_core.flip(resized, flipped, 1);
                opencv_core.transform(flipped, changed, map);
            }
        }
    }

    private static void decode(List<SourceImage> images) throws BadImageException {
        for (SourceImage image : images) {
            DECODER.decode(image.data());
        }
    }

    private static void augment(List<SourceImage> images) throws BadImageException {
        byte[] pixels = new byte[images.size() * SHAPE.size()];
        for (int i = 0; i < images.size(); i++) {
            System.arraycopy(DECODER.decode(images.get(i).data()), 0, pixels, i * SHAPE.size(), SHAPE.size());
        }
        long[] ids = ids(images);
        List<Target> targets = Collections.nCopies(ids.length, new Target.ClassIndex(0));
        AUGMENTATION.apply(new ImageBatch(SHAPE, ids, pixels, targets), 1, 0);
    }

    /** The first half of {@link #loading}, all images at a time. */
    private static Contender decoding(JavaSparkContext spark, ImageListing listing, WorkerLayout layout) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        return count -> {
            long images = spark.<ImageSplit>parallelize(
                            new ArrayList<>(listing.splits()), listing.splits().size())
                    .flatMap(split -> split.read(hadoop.value(), layout.dealer()::isDealt))
                    .map(image -> DECODER.decode(image.data()))
                    .count();
            return (int) (images / Workload.BATCH);
        };
    }

    /** What training does before it begins, all images at a time. */
    private static Contender loading(JavaSparkContext spark, ImageListing listing, WorkerLayout layout) {
        return count -> {
            try (ImageShards shards = ImageShards.of(spark, listing, new ShardSpec(DECODER, layout))) {
                return (int) (shards.examples() / Workload.BATCH);
            }
        };
    }
}
