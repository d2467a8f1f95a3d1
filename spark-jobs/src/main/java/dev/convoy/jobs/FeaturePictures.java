package dev.convoy.jobs;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.predict.FeatureMaps;
import dev.convoy.report.Examples;
import dev.convoy.train.replica.ModelBroadcast;
import dev.convoy.train.replica.ReplicaSpec;
import java.awt.image.BufferedImage;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;

/** Draws the feature maps of images on an executor, where the natives are. */
final class FeaturePictures {
    private static final int MAX_LAYERS = 64;
    private static final int MAX_CHANNELS = 12;
    /** Of a map, in either direction. */
    private static final int MAX_PIXELS = 32;

    private FeaturePictures() {}

    static List<Examples.Features> of(
            JavaSparkContext spark, ReplicaSpec replica, ModelState model, ImageBatch images) {
        try (ModelBroadcast broadcast = ModelBroadcast.of(spark, model)) {
            byte[] drawn = spark.parallelize(List.of(ObjectBytes.write(images)), 1)
                    .map(new Task(replica, broadcast))
                    .first();
            return ObjectBytes.read(drawn, Drawn.class).layers.stream()
                    .map(Layer::features)
                    .toList();
        }
    }

    private record Drawn(List<Layer> layers) implements Serializable {}

    private record Layer(String name, int channels, int height, int width, int shown, List<byte[]> pictures)
            implements Serializable {
        Examples.Features features() {
            return new Examples.Features(name, channels, height, width, shown, pictures);
        }
    }

    private record Task(ReplicaSpec replica, ModelBroadcast model) implements Function<byte[], byte[]> {
        @Override
        public byte[] call(byte[] images) {
            ReplicaSpec here = replica.forTask(TaskContext.get());
            ModelState state = model.state();
            TrainedModel trained = new TrainedModel(
                    here.bind(), List.of(), here.normalization(), Preparation.ANY, state.parameters(), state.buffers());
            ImageBatch batch = ObjectBytes.read(images, ImageBatch.class);
            List<FeatureMaps> maps =
                    FeatureMaps.of(trained, ComputeBackend.named(here.backend()), here.placement(), batch, MAX_LAYERS);
            List<Layer> layers = new ArrayList<>(
                    maps.stream().map(map -> draw(map, batch.size())).toList());
            return ObjectBytes.write(new Drawn(layers));
        }

        private static Layer draw(FeatureMaps maps, int images) {
            int channels = maps.shape().channels();
            int height = maps.shape().height();
            int width = maps.shape().width();
            int shown = Math.min(channels, MAX_CHANNELS);
            List<byte[]> pictures = new ArrayList<>();
            for (int image = 0; image < images; image++) {
                int first = image * maps.shape().size();
                List<BufferedImage> row = IntStream.range(0, shown)
                        .mapToObj(channel -> Pictures.within(
                                Pictures.numbers(maps.values(), first + channel * height * width, 1, height, width),
                                MAX_PIXELS))
                        .toList();
                pictures.add(Pictures.png(Pictures.grid(row, shown)));
            }
            return new Layer(maps.layer(), channels, height, width, shown, pictures);
        }
    }
}
