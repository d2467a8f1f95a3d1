package dev.convoy.data.rdd;

import dev.convoy.data.Printable;
import dev.convoy.data.SourceImage;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names images that take long to be read or decoded, in the log of the executor where they do. Each task that reads
 * images has one, used by its thread; one thread of the process looks at all.
 */
final class ImageWatch implements Iterator<SourceImage> {
    private static final Logger LOG = LoggerFactory.getLogger(ImageWatch.class);
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final Map<ImageWatch, Boolean> ALL = new ConcurrentHashMap<>();

    static {
        ScheduledExecutorService looking = Executors.newSingleThreadScheduledExecutor(new BasicThreadFactory.Builder()
                .namingPattern("convoy-image-watch")
                .daemon(true)
                .build());
        looking.scheduleWithFixedDelay(() -> ALL.keySet().forEach(ImageWatch::look), 10, 10, TimeUnit.SECONDS);
    }

    private final Iterator<SourceImage> images;
    private volatile String doing = "The first image of a task is being read";
    private volatile long since = System.nanoTime();

    private ImageWatch(Iterator<SourceImage> images) {
        this.images = images;
    }

    /** Passes the calling task's images on; whoever takes one is watched until it takes the next. */
    static Iterator<SourceImage> of(Iterator<SourceImage> images) {
        ImageWatch watch = new ImageWatch(images);
        ALL.put(watch, true);
        // However the task ends.
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> ALL.remove(watch));
        return watch;
    }

    private void now(String what) {
        doing = what;
        since = System.nanoTime();
    }

    private void look() {
        long nanos = System.nanoTime() - since;
        if (nanos > LONG_NANOS) {
            LOG.warn("{} for {} s", doing, TimeUnit.NANOSECONDS.toSeconds(nanos));
        }
    }

    @Override
    public boolean hasNext() {
        boolean more = images.hasNext();
        if (!more) {
            ALL.remove(this);
        }
        return more;
    }

    @Override
    public SourceImage next() {
        SourceImage image = images.next();
        now("The image " + Printable.of(image.name()) + " is being decoded, or the one behind it read,");
        return image;
    }
}
