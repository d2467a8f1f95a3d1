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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        static Layer of(FeatureMaps maps) {
            int channels = maps.shape().channels();
            return new Layer(
                    maps.layer(),
                    channels,
                    maps.shape().height(),
                    maps.shape().width(),
                    Math.min(channels, MAX_CHANNELS),
                    new ArrayList<>());
        }

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
            Map<String, Layer> layers = new LinkedHashMap<>();
            FeatureMaps.compute(
                    trained,
                    ComputeBackend.named(here.backend()),
                    here.placement(),
                    batch,
                    MAX_LAYERS,
                    maps -> layers.computeIfAbsent(maps.layer(), name -> Layer.of(maps))
                            .pictures
                            .add(draw(maps)));
            return ObjectBytes.write(new Drawn(new ArrayList<>(layers.values())));
        }

        private static byte[] draw(FeatureMaps maps) {
            int height = maps.shape().height();
            int width = maps.shape().width();
            int shown = Math.min(maps.shape().channels(), MAX_CHANNELS);
            List<BufferedImage> row = IntStream.range(0, shown)
                    .mapToObj(channel -> Pictures.within(
                            Pictures.numbers(maps.values(), channel * height * width, 1, height, width), MAX_PIXELS))
                    .toList();
            return Pictures.png(Pictures.grid(row, shown));
        }
    }
}
