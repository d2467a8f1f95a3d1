package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.CounterRandom;
import dev.convoy.data.ImageShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A {@link NetworkSpec} with its shapes inferred for one shape of input. Made by {@link NetworkSpec#bind}. */
public final class Network {
    /**
     * A layer in its place.
     *
     * @param name unique in the network, for example {@code conv1}
     * @param tensors its tensors in the canonical layout
     */
    public record Layer(
            String name, LayerSpec spec, TensorShape input, TensorShape output, List<ParameterLayout.Entry> tensors) {}

    private final NetworkSpec spec;
    private final ImageShape input;
    private final List<Layer> layers;
    private final ParameterLayout layout;

    private Network(NetworkSpec spec, ImageShape input, List<Layer> layers, ParameterLayout layout) {
        this.spec = spec;
        this.input = input;
        this.layers = layers;
        this.layout = layout;
    }

    static Network bind(NetworkSpec spec, ImageShape input) {
        ParameterLayout layout = new ParameterLayout();
        List<Layer> layers = new ArrayList<>();
        Map<String, Integer> counts = new HashMap<>();
        TensorShape shape = TensorShape.Volume.of(input);
        for (LayerSpec layer : spec.layers()) {
            String name = layer.stem() + counts.merge(layer.stem(), 1, Integer::sum);
            TensorShape output = outputOf(name, layer, shape);
            List<ParameterLayout.Entry> tensors = addTensors(layout, name, layer, shape);
            layers.add(new Layer(name, layer, shape, output, tensors));
            shape = output;
        }
        if (shape instanceof TensorShape.Volume) {
            throw new ConvoyException("Cannot use a network that ends in the volume " + shape + "; end it in a vector,"
                    + " for example with flatten");
        }
        return new Network(spec, input, List.copyOf(layers), layout);
    }

    private static List<ParameterLayout.Entry> addTensors(
            ParameterLayout layout, String name, LayerSpec layer, TensorShape input) {
        try {
            return layer.tensors(input).stream()
                    .map(tensor -> layout.add(name, tensor))
                    .toList();
        } catch (ArithmeticException e) {
            throw new ConvoyException("Cannot hold the layer " + name + " on an input of " + input
                    + ": the network would" + " have more than 2^31 - 1 parameters; make it smaller");
        }
    }

    private static TensorShape outputOf(String name, LayerSpec layer, TensorShape input) {
        try {
            return layer.output(input);
        } catch (ConvoyException e) {
            throw new ConvoyException(
                    "Cannot put the layer " + name + " on an input of " + input + ": " + e.getMessage(), e);
        }
    }

    public NetworkSpec spec() {
        return spec;
    }

    public ImageShape input() {
        return input;
    }

    public List<Layer> layers() {
        return layers;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** The number of outputs. */
    public int outputs() {
        return layers.get(layers.size() - 1).output().size();
    }

    /** The state before the first step: weights drawn from the seed alone, the same on every backend. */
    public ModelState initialState(long seed, OptimizerSpec optimizer) {
        float[] parameters = new float[layout.parameterCount()];
        float[] buffers = new float[layout.bufferCount()];
        List<ParameterLayout.Entry> entries = layout.entries();
        for (int i = 0; i < entries.size(); i++) {
            CounterRandom random = CounterRandom.of(seed, CounterRandom.Purpose.INITIAL_WEIGHTS, i);
            fill(entries.get(i), entries.get(i).isBuffer() ? buffers : parameters, random);
        }
        return new ModelState(parameters, buffers, optimizer.initialState(parameters.length), Progress.START);
    }

    private void fill(ParameterLayout.Entry entry, float[] vector, CounterRandom random) {
        if (entry.tensor().start() instanceof TensorSpec.Start.Constant constant) {
            Arrays.fill(vector, entry.offset(), entry.offset() + entry.size(), constant.value());
        } else if (entry.tensor().start() instanceof TensorSpec.Start.Random drawn) {
            Initializer initializer = drawn.initializer() == null ? spec.initializer() : drawn.initializer();
            for (int i = 0; i < entry.size(); i++) {
                vector[entry.offset() + i] = initializer.draw(random, i, drawn.fanIn(), drawn.fanOut());
            }
        }
    }
}
