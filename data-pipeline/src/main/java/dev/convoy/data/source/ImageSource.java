package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.Preparation;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Labelled images in a format, on any Hadoop file system. */
public sealed interface ImageSource extends Serializable
        permits IdxSource, CifarSource, FolderSource, ListSource, ParquetSource, PreparedSource {
    /**
     * Lists the images and checks what can be checked without reading them. Runs on the driver.
     *
     * @param classNames the classes a model already knows, so that indexes agree with it; empty to take them from the
     *     source
     * @throws ConvoyException if the source is missing, malformed, empty or has a class outside {@code classNames}
     * @throws IOException if the file system fails
     */
    ImageListing list(Configuration hadoop, List<String> classNames) throws IOException;

    /**
     * How images were brought to one shape before they were put where this source finds them; empty if they were not, or nobody knows.
     *
     * @throws IOException if the file system fails
     */
    default Optional<Preparation> preparation(Configuration hadoop) throws IOException {
        return Optional.empty();
    }
}
