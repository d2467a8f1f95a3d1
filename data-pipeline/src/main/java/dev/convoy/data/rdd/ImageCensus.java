package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Sha256;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.decode.ImageInfo;
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
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What is found when every image of a source is looked at once: whether it can be decoded, its size and its content.
 *
 * @param entries by id
 * @param statistics of all pixels of the training set and of the test set; null of one that has no usable image
 */
public record ImageCensus(List<Entry> entries, List<DatasetManifest.Statistics> statistics) {
    /**
     * What is found of one image.
     *
     * @param label class index
     * @param info what it is like; null if it was rejected
     * @param content hash of its bytes; null if it was rejected
     * @param rejected why it cannot be used; null if it can
     */
    public record Entry(long id, int label, ImageInfo info, ContentHash content, RejectedImage rejected)
            implements Serializable {}

    private static final int DIGITS = 16;

    /** The first half of the SHA-256 of an image's bytes. */
    public record ContentHash(long high, long low) implements Serializable, Comparable<ContentHash> {
        private static final Comparator<ContentHash> ORDER =
                Comparator.comparingLong(ContentHash::high).thenComparingLong(ContentHash::low);

        /**
         * Reads what {@link #toString} writes.
         *
         * @throws IllegalArgumentException if it is not 32 hexadecimal digits
         */
        public static ContentHash parse(String digits) {
            if (digits.length() != 2 * DIGITS) {
                throw new IllegalArgumentException(digits + " does not have 32 digits");
            }
            return new ContentHash(
                    HexFormat.fromHexDigitsToLong(digits, 0, DIGITS),
                    HexFormat.fromHexDigitsToLong(digits, DIGITS, 2 * DIGITS));
        }

        /** By the halves as signed numbers. */
        @Override
        public int compareTo(ContentHash other) {
            return ORDER.compare(this, other);
        }

        /** 32 hexadecimal digits. */
        @Override
        public String toString() {
            return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
        }

        static ContentHash of(SourceImage.Data data) {
            byte[] bytes = data instanceof SourceImage.Data.Encoded encoded
                    ? encoded.bytes()
                    : ((SourceImage.Data.Pixels) data).bytes();
            ByteBuffer hash = ByteBuffer.wrap(Sha256.digest().digest(bytes));
            return new ContentHash(hash.getLong(), hash.getLong());
        }

        /** Whether the number in [0, 1) that follows from the content is below the test set's share. */
        private boolean isTest(double testShare) {
            return (high >>> 11) * 0x1p-53 < testShare;
        }
    }

    /** Sums over pixels, in units where 255 is 1. */
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

        static Sums of(ImageInfo inspect) {
            double pixels = (double) inspect.shape().height() * inspect.shape().width();
            double[] sum = new double[3];
            double[] squares = new double[3];
            for (int i = 0; i < 3; i++) {
                int channel = i % inspect.mean().length;
                sum[i] = pixels * inspect.mean()[channel];
                squares[i] = pixels
                        * (inspect.std()[channel] * inspect.std()[channel]
                                + inspect.mean()[channel] * inspect.mean()[channel]);
            }
            return new Sums(pixels, sum, squares);
        }

        /** The statistics that follow from the sums; null without pixels. */
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

    private record SplitCensus(List<Entry> entries, Sums train, Sums test) implements Serializable {}

    /**
     * Says which images are looked at, and how they are split.
     *
     * @param dealt deals the images that are looked at
     * @param testShare share of the images that goes into the test set, from 0 to 1; an image's content decides whether
     *     it does
     */
    public record Scope(WorkerLayout dealt, double testShare) implements Serializable {
        /** Whether an image of this content belongs to the test set. */
        public boolean isTest(ContentHash content) {
            return content.isTest(testShare);
        }
    }

    /** Reads and decodes the images of a source, in one Spark stage. */
    public static ImageCensus of(JavaSparkContext spark, ImageListing listing, Scope scope) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        List<byte[]> found = ListedImages.splits(spark, listing)
                .map(split -> ObjectBytes.write(inspect(split, hadoop.value(), scope)))
                .collect();
        List<Entry> entries = new ArrayList<>();
        Sums train = Sums.none();
        Sums test = Sums.none();
        for (byte[] bytes : found) {
            SplitCensus split = ObjectBytes.read(bytes, SplitCensus.class);
            entries.addAll(split.entries);
            train = train.plus(split.train);
            test = test.plus(split.test);
        }
        return new ImageCensus(entries, Arrays.asList(train.statistics(), test.statistics()));
    }

    private static SplitCensus inspect(ImageSplit split, Configuration hadoop, Scope scope) throws IOException {
        List<Entry> entries = new ArrayList<>();
        Sums[] sums = {Sums.none(), Sums.none()};
        for (Iterator<SourceImage> images =
                        ImageWatch.of(ListedImages.read(split, hadoop, scope.dealt.dealer()::isDealt));
                images.hasNext(); ) {
            SourceImage image = images.next();
            try {
                ImageInfo inspect = ImageDecoder.inspect(image.data());
                ContentHash content = ContentHash.of(image.data());
                int set = scope.isTest(content) ? 1 : 0;
                sums[set] = sums[set].plus(Sums.of(inspect));
                entries.add(new Entry(image.id(), image.label(), inspect, content, null));
            } catch (BadImageException e) {
                RejectedImage rejected = new RejectedImage(image.id(), image.name(), e.getMessage());
                entries.add(new Entry(image.id(), image.label(), null, null, rejected));
            }
        }
        return new SplitCensus(entries, sums[0], sums[1]);
    }

    /**
     * Finds the images whose content puts them into the test set, in one Spark stage, which reads files and decodes
     * nothing.
     */
    public static BitSet testImages(JavaSparkContext spark, ImageListing listing, double testShare) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        BitSet test = new BitSet(listing.count());
        ListedImages.splits(spark, listing)
                .map(split -> ObjectBytes.write(testImages(split, hadoop.value(), testShare)))
                .collect()
                .forEach(ids ->
                        LongStream.of(ObjectBytes.read(ids, long[].class)).forEach(id -> test.set((int) id)));
        return test;
    }

    private static long[] testImages(ImageSplit split, Configuration hadoop, double testShare) throws IOException {
        LongStream.Builder ids = LongStream.builder();
        for (Iterator<SourceImage> images = ImageWatch.of(ListedImages.read(split, hadoop, id -> true));
                images.hasNext(); ) {
            SourceImage image = images.next();
            boolean readable = !(image.data() instanceof SourceImage.Data.Unreadable);
            if (readable && ContentHash.of(image.data()).isTest(testShare)) {
                ids.add(image.id());
            }
        }
        return ids.build().toArray();
    }
}
