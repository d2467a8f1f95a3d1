package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.DatasetManifest;
import dev.convoy.data.ImageDecoder;
import dev.convoy.data.ImageListing;
import dev.convoy.data.ImageShape;
import dev.convoy.data.ImageSplit;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Sha256;
import dev.convoy.data.SourceImage;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Every image of a source, looked at once: whether it can be decoded, what it measures and what it is made of.
 *
 * @param verdicts by id
 * @param statistics of all pixels; null if no image is usable
 */
public record ImageCensus(List<Verdict> verdicts, DatasetManifest.Statistics statistics) {
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

        /** A number in [0, 1) that the content decides. */
        public double share() {
            return (high >>> 11) * 0x1p-53;
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

        DatasetManifest.Statistics statistics() {
            double[] mean = new double[3];
            double[] std = new double[3];
            for (int i = 0; i < 3; i++) {
                mean[i] = sum[i] / pixels;
                std[i] = Math.sqrt(Math.max(0, squares[i] / pixels - mean[i] * mean[i]));
            }
            return new DatasetManifest.Statistics(mean, std);
        }
    }

    private record Part(List<Verdict> verdicts, Sums sums) implements Serializable {}

    /** Reads and decodes a whole source; one Spark stage. */
    public static ImageCensus of(JavaSparkContext spark, ImageListing listing) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        List<Part> parts = spark.<ImageSplit>parallelize(
                        new ArrayList<>(listing.splits()), listing.splits().size())
                .map(split -> look(split, hadoop.value()))
                .collect();
        List<Verdict> verdicts = new ArrayList<>();
        parts.forEach(part -> verdicts.addAll(part.verdicts));
        Sums sums = parts.stream().map(Part::sums).reduce(Sums.none(), Sums::plus);
        return new ImageCensus(verdicts, sums.pixels == 0 ? null : sums.statistics());
    }

    private static Part look(ImageSplit split, Configuration hadoop) throws IOException {
        List<Verdict> verdicts = new ArrayList<>();
        Sums sums = Sums.none();
        for (Iterator<SourceImage> images = split.read(hadoop, id -> true); images.hasNext(); ) {
            SourceImage image = images.next();
            try {
                ImageDecoder.Look look = ImageDecoder.look(image.data());
                sums = sums.plus(Sums.of(look));
                verdicts.add(new Verdict(
                        image.id(), image.label(), look.shape(), Content.of(image.data()), look.bytes(), null));
            } catch (BadImageException e) {
                RejectedImage rejected = new RejectedImage(image.id(), image.name(), e.getMessage());
                verdicts.add(new Verdict(image.id(), image.label(), null, null, 0, rejected));
            }
        }
        return new Part(verdicts, sums);
    }
}
