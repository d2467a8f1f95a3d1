package dev.convoy.ml;

import dev.convoy.storage.AtomicFiles;
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
        try {
            saveImpl(files.makeQualified(beside).toString());
            publish(files, beside, target);
        } catch (IOException | RuntimeException e) {
            files.delete(beside, true);
            throw e;
        }
    }

    /** Between the two renames there is none for a moment, but the old one is still there under another name. */
    private static void publish(FileSystem files, Path beside, Path target) throws IOException {
        if (!files.exists(target)) {
            AtomicFiles.renameNew(files, beside, target);
            return;
        }
        Path old = target.suffix("-old-" + UUID.randomUUID());
        AtomicFiles.renameNew(files, target, old);
        try {
            AtomicFiles.renameNew(files, beside, target);
        } catch (IOException e) {
            AtomicFiles.renameNew(files, old, target);
            throw e;
        }
        files.delete(old, true);
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
