package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageChunkBuilder;
import dev.convoy.data.ImageSetInfo;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import java.util.Comparator;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/** Decodes images where they are read, and sends each to the worker that owns it. */
final class DealtImages {
    private DealtImages() {}

    /**
     * Decodes images and deals them to their workers; those that the layout does not deal are left out.
     *
     * @return by id, each image as a chunk of its own: its pixels, or its file, or why it is rejected; one partition
     *     for each worker, ordered by id
     */
    static JavaPairRDD<Long, byte[]> of(JavaRDD<SourceImage> images, ImageSetInfo info, ShardSpec spec) {
        int classes = info.classNames().size();
        return images.mapPartitions(ImageWatch::of)
                .filter(image -> isDealt(image, spec.layout()))
                .mapToPair(image -> new Tuple2<>(image.id(), decoded(image, classes, spec)))
                .repartitionAndSortWithinPartitions(new WorkerPartitioner(spec.layout()), Comparator.naturalOrder());
    }

    private static boolean isDealt(SourceImage image, WorkerLayout layout) {
        if (image.id() < 0 || image.id() >= layout.available()) {
            throw new ConvoyException("Cannot use the image " + image.name() + ": its id is " + image.id() + "; of "
                    + layout.available() + " images ids are 0 to " + (layout.available() - 1));
        }
        return layout.dealer().isDealt(image.id());
    }

    /** Decodes an image, also if its file is kept, to see whether that can be done. */
    private static byte[] decoded(SourceImage image, int classes, ShardSpec spec) {
        checkClass(image, classes);
        ImageChunkBuilder chunk = new ImageChunkBuilder(spec.decoder().shape(), spec.keepsFiles());
        try {
            byte[] pixels = spec.decoder().decode(image.data());
            SourceImage.Data stored = image.data() instanceof SourceImage.Data.Encoded
                    ? image.data()
                    : new SourceImage.Data.Pixels(spec.decoder().shape(), pixels);
            byte[] kept = spec.keepsFiles() ? ImageDecoder.asFile(stored) : pixels;
            return chunk.add(image.id(), image.target(), kept).build();
        } catch (BadImageException e) {
            spec.onBadImage().judge(image, e);
            return chunk.reject(new RejectedImage(image.id(), image.name(), e.getMessage()))
                    .build();
        }
    }

    private static void checkClass(SourceImage image, int classes) {
        if (image.target() instanceof Target.ClassIndex single && single.index() >= classes) {
            throw new ConvoyException("Cannot use the image " + image.name() + ": its class index is " + single.index()
                    + ", but there are " + classes + " class names");
        }
    }

    /** Sends every id to its owner. */
    private static final class WorkerPartitioner extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final WorkerLayout layout;
        private transient WorkerLayout.Dealer dealer;

        WorkerPartitioner(WorkerLayout layout) {
            this.layout = layout;
        }

        @Override
        public int numPartitions() {
            return layout.workers();
        }

        @Override
        public int getPartition(Object id) {
            if (dealer == null) {
                dealer = layout.dealer();
            }
            return dealer.workerOf((Long) id);
        }
    }
}
