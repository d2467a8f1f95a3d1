package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import java.util.List;

/**
 * What a source holds, found out on the driver without reading pixels.
 *
 * @param description how messages call the source
 * @param examples number of images; their ids are {@code 0 .. examples - 1}
 * @param classNames in the order of the class indexes
 * @param splits parts to read, together every image once
 */
public record ImageListing(
        String description, long examples, List<String> classNames, List<? extends ImageSplit> splits) {
    public ImageListing {
        classNames = List.copyOf(classNames);
        splits = List.copyOf(splits);
    }

    /**
     * The number of images, where each is looked at on its own.
     *
     * @throws ConvoyException if there are more than an array has places
     */
    public int count() {
        if (examples > Integer.MAX_VALUE) {
            throw new ConvoyException("Cannot prepare or split " + description + ": it has " + examples
                    + " images, and " + Integer.MAX_VALUE + " are the most; take it in parts");
        }
        return (int) examples;
    }
}
