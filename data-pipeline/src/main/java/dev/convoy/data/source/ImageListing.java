package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageSetInfo;
import java.util.List;

/**
 * What a source holds, found out on the driver without reading pixels.
 *
 * @param info what messages call the source, and how many images of which classes it has
 * @param splits parts to read, together every image once
 */
public record ImageListing(ImageSetInfo info, List<? extends ImageSplit> splits) {
    public ImageListing {
        splits = List.copyOf(splits);
    }

    /**
     * Makes a listing without an {@link ImageSetInfo}.
     *
     * @param description what messages call the source
     * @param examples number of images
     * @param classNames in the order of the class indexes
     * @param splits parts to read, together every image once
     */
    public ImageListing(String description, long examples, List<String> classNames, List<? extends ImageSplit> splits) {
        this(new ImageSetInfo(description, examples, classNames), splits);
    }

    /** What messages call the source. */
    public String description() {
        return info.description();
    }

    /** The number of images; their ids are {@code 0 .. examples - 1}. */
    public long examples() {
        return info.examples();
    }

    /** The names of the classes, in the order of their indexes. */
    public List<String> classNames() {
        return info.classNames();
    }

    /**
     * The number of images as an int, where the driver holds something for each.
     *
     * @throws ConvoyException if there are more than an array has places
     */
    public int count() {
        if (examples() > Integer.MAX_VALUE) {
            throw new ConvoyException("Cannot prepare or split " + description() + ": it has " + examples()
                    + " images, and " + Integer.MAX_VALUE + " are the most; take it in parts");
        }
        return (int) examples();
    }
}
