package dev.convoy.data.rdd;

import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards.Cache;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import java.io.Serializable;

/**
 * How images become {@link ImageShards}.
 *
 * @param decoder brings every image to one shape
 * @param layout says which worker owns which image; those that it does not deal are left out
 * @param onBadImage says what becomes of images that cannot be decoded
 * @param cache says where images are kept, and as what
 */
public record ShardSpec(ImageDecoder decoder, WorkerLayout layout, OnBadImage onBadImage, Cache cache)
        implements Serializable {
    /** Bad images fail, and decoded ones are kept in memory. */
    public ShardSpec(ImageDecoder decoder, WorkerLayout layout) {
        this(decoder, layout, OnBadImage.FAIL, Cache.MEMORY);
    }

    /** This specification with another treatment of bad images. */
    public ShardSpec withOnBadImage(OnBadImage other) {
        return new ShardSpec(decoder, layout, other, cache);
    }

    /** This specification with another cache. */
    public ShardSpec withCache(Cache other) {
        return new ShardSpec(decoder, layout, onBadImage, other);
    }

    /** Whether images are kept as files. */
    boolean keepsFiles() {
        return cache == Cache.ENCODED;
    }
}
