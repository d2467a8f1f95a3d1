package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Sha256;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSplit;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Every image of a source, looked at once: whether it can be decoded, what it measures and what it is made of.
 *
 * @param verdicts by id
 * @param statistics of all pixels of each set, the test set's last; null where no image is usable
 */
public record ImageCensus(List<Verdict> verdicts, List<DatasetManifest.Statistics> statistics) {
    /**
     * What there is to know about an image.
     *
     * @param label class index
     * @param shape null if it was rejected
     * @param content the first half of the SHA-256 of its bytes
     * @param bytes of it
     * @param rejected null if it can be used
     */
    public record Verdict(long id, int label, ImageShape shape, Content content, long bytes, RejectedImage rejected)
            implements Serializable {}

    /** Half a SHA-256. */
    public record Content(long high, long low) implements Serializable {
        static Content of(SourceImage.Data data) {
            byte[] bytes = data instanceof SourceImage.Data.Encoded encoded
                    ? encoded.bytes()
                    : ((SourceImage.Data.Pixels) data).bytes();
            ByteBuffer hash = ByteBuffer.wrap(Sha256.digest().digest(bytes));
            return new Content(hash.getLong(), hash.getLong());
        }

        /** Whether a number in [0, 1), which the content decides, is below the test set's share. */
        private boolean isTest(double testShare) {
            return (high >>> 11) * 0x1p-53 < testShare;
        }
    }

    /** Sums over pixels, 255 being 1. */
    private record Sums(double pixels, double[] sum, double[] squares) implements Serializable {
        static Sums none() {
            return new Sums(0, new double[3], new double[3]);
        }

        Sums plus(Sums other) {
            double[] sums = sum.clone();
            double[] both = squares.clone();
            for (int i = 0; i < 3; i++) {
                sums[i] += other.sum[i];
                both[i] += other.squares[i];
            }
            return new Sums(pixels + other.pixels, sums, both);
        }

        static Sums of(ImageDecoder.Look look) {
            double pixels = (double) look.shape().height() * look.shape().width();
            double[] sum = new double[3];
            double[] squares = new double[3];
            for (int i = 0; i < 3; i++) {
                int channel = i % look.mean().length;
                sum[i] = pixels * look.mean()[channel];
                squares[i] = pixels
                        * (look.std()[channel] * look.std()[channel] + look.mean()[channel] * look.mean()[channel]);
            }
            return new Sums(pixels, sum, squares);
        }

        /** Null without pixels. */
        DatasetManifest.Statistics statistics() {
            if (pixels == 0) {
                return null;
            }
            double[] mean = new double[3];
            double[] std = new double[3];
            for (int i = 0; i < 3; i++) {
                mean[i] = sum[i] / pixels;
                std[i] = Math.sqrt(Math.max(0, squares[i] / pixels - mean[i] * mean[i]));
            }
            return new DatasetManifest.Statistics(mean, std);
        }
    }

    private record Part(List<Verdict> verdicts, Sums train, Sums test) implements Serializable {}

    /**
     * What is looked at, and how it is split.
     *
     * @param dealt images that it does not deal are left out
     * @param testShare of the images that their content puts into the test set, from 0 to 1
     */
    public record Scope(WorkerLayout dealt, double testShare) implements Serializable {
        /** Whether an image of this content belongs to the test set. */
        public boolean isTest(Content content) {
            return content.isTest(testShare);
        }
    }

    /** Reads and decodes a source; one Spark stage. */
    public static ImageCensus of(JavaSparkContext spark, ImageListing listing, Scope scope) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        List<Part> parts = spark.<ImageSplit>parallelize(
                        new ArrayList<>(listing.splits()), listing.splits().size())
                .map(split -> look(split, hadoop.value(), scope))
                .collect();
        List<Verdict> verdicts = new ArrayList<>();
        parts.forEach(part -> verdicts.addAll(part.verdicts));
        return new ImageCensus(
                verdicts,
                Arrays.asList(
                        parts.stream()
                                .map(Part::train)
                                .reduce(Sums.none(), Sums::plus)
                                .statistics(),
                        parts.stream()
                                .map(Part::test)
                                .reduce(Sums.none(), Sums::plus)
                                .statistics()));
    }

    private static Part look(ImageSplit split, Configuration hadoop, Scope scope) throws IOException {
        List<Verdict> verdicts = new ArrayList<>();
        Sums[] sums = {Sums.none(), Sums.none()};
        for (Iterator<SourceImage> images = ImageWatch.of(split.read(hadoop, scope.dealt.dealer()::isDealt));
                images.hasNext(); ) {
            SourceImage image = images.next();
            try {
                ImageDecoder.Look look = ImageDecoder.look(image.data());
                Content content = Content.of(image.data());
                int set = scope.isTest(content) ? 1 : 0;
                sums[set] = sums[set].plus(Sums.of(look));
                verdicts.add(new Verdict(image.id(), image.label(), look.shape(), content, look.bytes(), null));
            } catch (BadImageException e) {
                RejectedImage rejected = new RejectedImage(image.id(), image.name(), e.getMessage());
                verdicts.add(new Verdict(image.id(), image.label(), null, null, 0, rejected));
            }
        }
        return new Part(verdicts, sums[0], sums[1]);
    }

    /** Which of a source's images their content puts into the test set; reads files but decodes nothing. One Spark stage. */
    public static BitSet testImages(JavaSparkContext spark, ImageListing listing, double testShare) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        BitSet test = new BitSet(listing.count());
        spark.<ImageSplit>parallelize(
                        new ArrayList<>(listing.splits()), listing.splits().size())
                .map(split -> testImages(split, hadoop.value(), testShare))
                .collect()
                .forEach(ids -> LongStream.of(ids).forEach(id -> test.set((int) id)));
        return test;
    }

    private static long[] testImages(ImageSplit split, Configuration hadoop, double testShare) throws IOException {
        LongStream.Builder ids = LongStream.builder();
        for (Iterator<SourceImage> images = ImageWatch.of(split.read(hadoop, id -> true)); images.hasNext(); ) {
            SourceImage image = images.next();
            boolean readable = !(image.data() instanceof SourceImage.Data.Unreadable);
            if (readable && Content.of(image.data()).isTest(testShare)) {
                ids.add(image.id());
            }
        }
        return ids.build().toArray();
    }
}
