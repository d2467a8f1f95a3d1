package dev.convoy.model.backend.torch;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.layer.TensorSpec;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A network as functional calls over views of one flat tensor of parameters. Gradients are views of one flat tensor too, set
 * beforehand, so that going backwards fills it and an optimizer is a few operations on whole vectors.
 */
final class TorchReplica implements Replica {
    private final Network network;
    private final Device device;
    private final Layers layers;
    private final List<Tensor> owned = new ArrayList<>();
    /** The replica's own, or in memory of somebody else's, as the gradient. */
    private TorchVector parameters;

    private TorchVector gradient;

    private final List<Leaf> leaves = new ArrayList<>();
    private final TorchVector buffers;
    /** By the layer's index, its tensors in canonical order. */
    private final List<List<Tensor>> tensors = new ArrayList<>();

    private final GradientCuts cuts;

    private final NewShapes shapes;
    private final Tensor mean;
    private final Tensor std;

    TorchReplica(Network network, Normalization normalization, Placement placement) {
        this.network = network;
        this.device = Devices.of(placement);
        this.layers = new Layers(placement.precision(), tensors);
        this.cuts = GradientCuts.of(network);
        this.shapes = new NewShapes(network, placement.precision());
        try (PointerScope scope = new PointerScope()) {
            ParameterLayout layout = network.layout();
            parameters = flat(Optional.empty());
            gradient = flat(Optional.empty());
            buffers = newVector(layout.bufferCount());
            for (Network.Layer layer : network.allLayers()) {
                tensors.add(layer.tensors().stream().map(this::viewOf).toList());
            }
            mean = channels(normalization.mean());
            std = channels(normalization.std());
        }
    }

    /** Makes a parameter a leaf of its own over the shared memory, and its gradient a part of the flat gradient. */
    private Tensor viewOf(ParameterLayout.Entry entry) {
        Tensor view = keep(part(entry.isBuffer() ? buffers : parameters, entry).detach());
        if (!entry.isBuffer()) {
            Leaf leaf = new Leaf(view, entry);
            // Without a gradient, going backwards ends at the first layer that is trained.
            view.set_requires_grad(leaf.isTrained());
            leaf.findGradient(gradient);
            leaves.add(leaf);
        }
        return view;
    }

    /** A parameter of a layer. */
    private record Leaf(Tensor view, ParameterLayout.Entry entry) {
        boolean isTrained() {
            return entry.tensor().role() != TensorSpec.Role.FROZEN;
        }

        void findGradient(TorchVector gradient) {
            if (isTrained()) {
                view.mutable_grad().put(part(gradient, entry));
            }
        }
    }

    @Override
    public boolean takesMemory() {
        return device.is_cpu();
    }

    @Override
    public void placeGradient(Optional<FloatBuffer> memory) {
        try (PointerScope scope = new PointerScope()) {
            gradient.tensor().releaseReference();
            gradient = flat(memory);
            leaves.forEach(leaf -> leaf.findGradient(gradient));
        }
    }

    @Override
    public void placeParameters(Optional<FloatBuffer> memory) {
        try (PointerScope scope = new PointerScope()) {
            parameters.tensor().releaseReference();
            parameters = flat(memory);
            leaves.forEach(leaf -> leaf.view.set_data(part(parameters, leaf.entry)));
        }
    }

    /** As long as the parameters, in somebody's memory or newly allocated; whoever replaces it releases it. */
    private TorchVector flat(Optional<FloatBuffer> memory) {
        int length = network.layout().parameterCount();
        TorchVector vector = memory.map(given -> over(given, length)).orElseGet(() -> new TorchVector(length, device));
        vector.tensor().retainReference();
        return vector;
    }

    private static TorchVector over(FloatBuffer memory, int length) {
        return new TorchVector(torch.from_blob(new FloatPointer(memory.slice()), length), length);
    }

    @Override
    public Vector vectorOver(FloatBuffer memory) {
        // Outside of a scope, which would end the vector with this call.
        return over(memory, memory.remaining());
    }

    private static Tensor part(TorchVector vector, ParameterLayout.Entry entry) {
        long[] shape =
                entry.tensor().shape().stream().mapToLong(Integer::longValue).toArray();
        return vector.tensor().narrow(0, entry.offset(), entry.size()).view(shape);
    }

    private Tensor channels(float[] values) {
        return keep(HostMemory.tensorOf(values).view(1, values.length, 1, 1).to(device, ScalarType.Float));
    }

    private Tensor keep(Tensor tensor) {
        owned.add(tensor.retainReference());
        return tensor;
    }

    @Override
    public Vector parameters() {
        return parameters;
    }

    @Override
    public Vector buffers() {
        return buffers;
    }

    @Override
    public Vector gradient() {
        return gradient;
    }

    @Override
    public TorchVector newVector(int length) {
        try (PointerScope scope = new PointerScope()) {
            TorchVector vector = new TorchVector(length, device);
            keep(vector.tensor());
            return vector;
        }
    }

    @Override
    public boolean hasGradientInParts() {
        return !cuts.isEmpty();
    }

    @Override
    public DoubleSupplier propagate(ImageBatch batch, StepKey step, Optional<IntConsumer> finished) {
        if (device.is_cuda() || shapes.isKnown(batch.size(), true)) {
            return compute(batch, step, finished);
        }
        // Who hears of parts may wait for other replicas.
        List<Integer> parts = new ArrayList<>();
        Optional<IntConsumer> later = finished.map(listener -> parts::add);
        DoubleSupplier loss = shapes.compute(batch.size(), true, () -> compute(batch, step, later));
        finished.ifPresent(listener -> parts.forEach(listener::accept));
        return loss;
    }

    /**
     * A place where going backwards makes a stop.
     *
     * @param end of the graph before it
     * @param begin of the graph after it, with the same values
     * @param offset of the first parameter after it
     */
    private record Stop(Tensor end, Tensor begin, int offset) {}

    private DoubleSupplier compute(ImageBatch batch, StepKey step, Optional<IntConsumer> finished) {
        try (PointerScope scope = new PointerScope()) {
            gradient.tensor().zero_();
            Deque<Stop> stops = new ArrayDeque<>();
            Tensor x = layers.forward(network.layers(), input(batch), Optional.of(step), (layer, before) -> {
                // Where nothing before is trained, going backwards ends in any case.
                if (finished.isEmpty() || !cuts.isBefore(layer) || !before.requires_grad()) {
                    return before;
                }
                Tensor begin = before.detach().set_requires_grad(true);
                stops.push(new Stop(before, begin, cuts.offset(layer)));
                return begin;
            });
            OutputLoss loss = OutputLoss.of(
                    network.spec().loss(),
                    x,
                    network.spec().trainingTargets(batch, network.outputs()),
                    batch.weights());
            backward(x, loss.gradient());
            for (Stop stop : stops) {
                finished.ifPresent(listener -> listener.accept(stop.offset));
                backward(stop.end, stop.begin.grad());
                // Not kept until the end of the step, as the graph's own gradients are not either.
                stop.begin.mutable_grad().reset();
            }
            return loss.read();
        }
    }

    private static void backward(Tensor end, Tensor gradient) {
        end.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
    }

    @Override
    public double[] outputs(ImageBatch batch) {
        return device.is_cuda() ? compute(batch) : shapes.compute(batch.size(), false, () -> compute(batch));
    }

    private double[] compute(ImageBatch batch) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGradient = new NoGradGuard()) {
            return toDoubles(layers.forward(network.layers(), input(batch), Optional.empty(), (layer, x) -> x));
        }
    }

    /**
     * Bytes go over as they are and are normalised there. Channels last in memory is what libtorch's convolutions and pools
     * are fastest with; later layers keep it.
     */
    private Tensor input(ImageBatch batch) {
        long[] shape = {
            batch.size(),
            batch.shape().channels(),
            batch.shape().height(),
            batch.shape().width()
        };
        TensorOptions bytes = new TensorOptions().dtype(new ScalarTypeOptional(ScalarType.Byte));
        Tensor pixels = torch.empty(shape, bytes, new MemoryFormatOptional());
        new BytePointer(pixels.data_ptr()).put(batch.pixels());
        Tensor normalized = pixels.to(device, ScalarType.Byte)
                .to(ScalarType.Float)
                .div_(new Scalar(255f))
                .sub_(mean)
                .div_(std);
        return channelsLast(normalized, shape);
    }

    /**
     * Channels last is told by strides. A single channel lies the same either way in memory, and libtorch would take it for
     * channels first, all layers after it included, unless its strides say otherwise.
     */
    private static Tensor channelsLast(Tensor images, long[] shape) {
        long channels = shape[1];
        long height = shape[2];
        long width = shape[3];
        return images.contiguous(MemoryFormat.ChannelsLast)
                .as_strided(shape, channels * height * width, 1, width * channels, channels);
    }

    private static double[] toDoubles(Tensor outputs) {
        float[] values = HostMemory.read(outputs);
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    @Override
    public OptionalInt cudaDevice() {
        return device.is_cuda() ? OptionalInt.of(device.index()) : OptionalInt.empty();
    }

    @Override
    public void close() {
        gradient.tensor().releaseReference();
        parameters.tensor().releaseReference();
        owned.forEach(Tensor::releaseReference);
        owned.clear();
        device.close();
    }
}
