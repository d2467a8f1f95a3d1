package dev.convoy.ml;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.UUID;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsWriter$;
import org.apache.spark.ml.util.MLWriter;
import scala.Option;

/**
 * Writes a model as Spark ML has it: the folder {@code metadata} with its params, and beside it {@code data}, which is a model's folder of
 * Convoy's. An old one is deleted only when the new one stands.
 */
final class ModelWriter extends MLWriter {
    private final ConvoyModel model;

    ModelWriter(ConvoyModel model) {
        this.model = model;
    }

    @Override
    public void save(String path) throws IOException {
        Path target = new Path(path);
        FileSystem files = target.getFileSystem(sc().hadoopConfiguration());
        if (files.exists(target) && !shouldOverwrite()) {
            throw new IOException(
                    "Path " + path + " already exists. To overwrite it, please use write.overwrite().save(path)");
        }
        Path beside = target.suffix("-new-" + UUID.randomUUID());
        saveImpl(files.makeQualified(beside).toString());
        Path old = target.suffix("-old-" + UUID.randomUUID());
        boolean existed = files.exists(target);
        if (existed) {
            move(files, target, old);
        }
        move(files, beside, target);
        if (existed) {
            files.delete(old, true);
        }
    }

    private static void move(FileSystem files, Path from, Path to) throws IOException {
        if (!files.rename(from, to)) {
            throw new IOException("Cannot rename " + from + " to " + to);
        }
    }

    @Override
    public void saveImpl(String path) {
        DefaultParamsWriter$.MODULE$.saveMetadata(model, path, sc(), Option.empty(), Option.empty());
        Path data = new Path(path, ModelReader.DATA);
        try {
            model.trained().save(data.getFileSystem(sc().hadoopConfiguration()), data);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write " + data + ": " + e.getMessage(), e);
        }
    }
}
