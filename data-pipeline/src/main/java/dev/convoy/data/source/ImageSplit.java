package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.function.LongPredicate;
import org.apache.hadoop.conf.Configuration;

/** The images of a source that one task reads. */
public interface ImageSplit extends Serializable {
    /**
     * Reads the images in the order of their ids, one at a time.
     *
     * @param wanted ids for which this is false are left out
     * @throws IOException if the file cannot be opened
     * @throws ConvoyException later, from the iterator, if a file is cut short
     */
    Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException;

    /** Among which ids those of its images are. */
    Ids ids();

    /**
     * A range of ids.
     *
     * @param end the one after the last
     */
    record Ids(long first, long end) implements Serializable {}
}
