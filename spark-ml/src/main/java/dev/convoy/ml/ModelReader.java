package dev.convoy.ml;

import dev.convoy.model.file.TrainedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsReader$;
import org.apache.spark.ml.util.MLReader;
import scala.Option;

/** Reads what {@link ModelWriter} writes. */
final class ModelReader extends MLReader<ConvoyModel> {
    static final String DATA = "data";

    @Override
    public ConvoyModel load(String path) {
        DefaultParamsReader.Metadata metadata =
                DefaultParamsReader$.MODULE$.loadMetadata(path, sc(), ConvoyModel.class.getName());
        Path data = new Path(path, DATA);
        try {
            TrainedModel trained = TrainedModel.load(data.getFileSystem(sc().hadoopConfiguration()), data);
            ConvoyModel model = new ConvoyModel(metadata.uid(), trained, path);
            metadata.getAndSetParams(model, Option.empty());
            return model;
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + data + ": " + e.getMessage(), e);
        }
    }
}
