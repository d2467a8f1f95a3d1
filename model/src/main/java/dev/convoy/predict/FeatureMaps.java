package dev.convoy.predict;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a convolution of a trained network makes of images: from edges in the first layers to parts and whole things in the last ones.
 * Computed by the part of the network that ends in that convolution, so that every backend can.
 *
 * @param layer its name
 * @param image which of the images
 * @param shape of the maps
 * @param values {@code [channels, height, width]}
 */
public record FeatureMaps(String layer, int image, TensorShape.Volume shape, double[] values) {
    /** Beyond so many values the maps of an image are not computed; memory would be gone. */
    private static final int MAX_VALUES = 1 << 24;

    /** The layers from the input to a convolution, on one way where there are several. */
    private record Way(List<Network.Layer> layers) {
        Network.Layer last() {
            return layers.get(layers.size() - 1);
        }
    }

    /**
     * Computes the maps of all convolutions, in the network's order, one at a time.
     *
     * @param images in the model's shape
     * @param max how many convolutions at most; of more, some that lie evenly apart
     * @param consumer gets the maps of every image, of one convolution after the other
     */
    public static void compute(
            TrainedModel model,
            ComputeBackend backend,
            Placement placement,
            ImageBatch images,
            int max,
            Consumer<FeatureMaps> consumer) {
        List<Way> ways = new ArrayList<>();
        walk(List.of(), model.network().layers(), ways);
        ways.removeIf(way -> way.last().output().size() > MAX_VALUES);
        int count = Math.min(max, ways.size());
        for (int i = 0; i < count; i++) {
            Way way = ways.get((int) ((long) i * ways.size() / count));
            compute(way, model, backend, placement, images, consumer);
        }
    }

    private static void walk(List<Network.Layer> before, List<Network.Layer> layers, List<Way> ways) {
        List<Network.Layer> way = new ArrayList<>(before);
        for (Network.Layer layer : layers) {
            walk(way, layer.body(), ways);
            walk(way, layer.shortcut(), ways);
            way.add(layer);
            if (layer.spec() instanceof LayerSpec.Conv2d) {
                ways.add(new Way(List.copyOf(way)));
            }
        }
    }

    private static void compute(
            Way way,
            TrainedModel model,
            ComputeBackend backend,
            Placement placement,
            ImageBatch images,
            Consumer<FeatureMaps> consumer) {
        List<LayerSpec> layers =
                new ArrayList<>(way.layers.stream().map(Network.Layer::spec).toList());
        layers.add(new LayerSpec.Flatten());
        Network part = new NetworkSpec(layers).bind(model.network().input());
        List<ParameterLayout.Entry> from = way.layers.stream()
                .flatMap(layer -> layer.allTensors().stream())
                .toList();
        float[] parameters = new float[part.layout().parameterCount()];
        float[] buffers = new float[part.layout().bufferCount()];
        List<ParameterLayout.Entry> to = part.layout().entries();
        for (int i = 0; i < to.size(); i++) {
            boolean buffer = to.get(i).isBuffer();
            System.arraycopy(
                    buffer ? model.buffers() : model.parameters(),
                    from.get(i).offset(),
                    buffer ? buffers : parameters,
                    to.get(i).offset(),
                    to.get(i).size());
        }
        try (Replica replica = backend.newReplica(part, model.normalization(), placement)) {
            replica.parameters().set(parameters);
            replica.buffers().set(buffers);
            for (int image = 0; image < images.size(); image++) {
                consumer.accept(new FeatureMaps(
                        way.last().name(),
                        image,
                        (TensorShape.Volume) way.last().output(),
                        replica.outputs(images.rows(image))));
            }
        }
    }
}
