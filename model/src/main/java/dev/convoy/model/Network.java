package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.CounterRandom;
import dev.convoy.data.ImageShape;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.TensorShape;
import dev.convoy.model.layer.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A {@link NetworkSpec} with its shapes inferred for one shape of input. Made by {@link NetworkSpec#bind}. */
public final class Network {
    /**
     * A layer in its place.
     *
     * @param name unique in the network, for example {@code conv1}
     * @param index position among all layers of the network, those within blocks included
     * @param tensors its tensors in the canonical layout
     * @param body of a {@link LayerSpec.Residual}; empty for any other layer
     * @param shortcut of a {@link LayerSpec.Residual}; empty for any other layer
     */
    public record Layer(
            String name,
            int index,
            LayerSpec spec,
            TensorShape input,
            TensorShape output,
            List<ParameterLayout.Entry> tensors,
            List<Layer> body,
            List<Layer> shortcut) {
        /** Whether training holds its tensors as they are. */
        public boolean isFrozen() {
            return tensors.stream().anyMatch(entry -> entry.tensor().role() == TensorSpec.Role.FROZEN);
        }

        /** The number of its parameters, those of layers within it included. */
        public int parameterCount() {
            return allTensors().stream()
                    .filter(entry -> !entry.isBuffer())
                    .mapToInt(ParameterLayout.Entry::size)
                    .sum();
        }

        /** Its tensors, or, of a block, those of the layers within it; in the canonical order. */
        public List<ParameterLayout.Entry> allTensors() {
            return withInner().flatMap(layer -> layer.tensors.stream()).toList();
        }

        /**
         * Products that are summed for one example on the way forwards, in this layer alone: each weight of a convolution meets each
         * output pixel, each of a dense layer one value. Other layers are not counted.
         */
        public long multiplyAdds() {
            if (!(spec instanceof LayerSpec.Conv2d || spec instanceof LayerSpec.Dense)) {
                return 0;
            }
            long weights = tensors.get(0).size();
            return output instanceof TensorShape.Volume volume ? weights * volume.height() * volume.width() : weights;
        }

        /** This layer, and, of a block, those within it. */
        public Stream<Layer> withInner() {
            return Stream.concat(
                    Stream.of(this),
                    Stream.of(body, shortcut).flatMap(List::stream).flatMap(Layer::withInner));
        }
    }

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
        Network network = bind(spec, input, Set.of());
        return spec.freeze().isEmpty() ? network : bind(spec, input, network.toFreeze());
    }

    private static Network bind(NetworkSpec spec, ImageShape input, Set<String> frozen) {
        Binder binder = new Binder(frozen);
        List<Layer> layers = binder.bind("", spec.layers(), TensorShape.Volume.of(input));
        TensorShape last = layers.get(layers.size() - 1).output();
        if (last instanceof TensorShape.Volume) {
            throw new ConvoyException("Cannot use a network that ends in the volume " + last + "; end it in a vector,"
                    + " for example with flatten");
        }
        return new Network(spec, input, layers, binder.layout);
    }

    /** Names layers, infers their shapes and lays their tensors out, depth first. */
    private static final class Binder {
        private final ParameterLayout layout = new ParameterLayout();
        private final Set<String> frozen;
        private int next;

        Binder(Set<String> frozen) {
            this.frozen = frozen;
        }

        List<Layer> bind(String prefix, List<LayerSpec> specs, TensorShape input) {
            List<Layer> layers = new ArrayList<>();
            Map<String, Integer> counts = new HashMap<>();
            TensorShape shape = input;
            for (LayerSpec spec : specs) {
                String name = prefix + spec.stem() + counts.merge(spec.stem(), 1, Integer::sum);
                Layer layer = bind(name, spec, shape);
                layers.add(layer);
                shape = layer.output();
            }
            return List.copyOf(layers);
        }

        private Layer bind(String name, LayerSpec spec, TensorShape input) {
            int index = next++;
            List<Layer> body = List.of();
            List<Layer> shortcut = List.of();
            if (spec instanceof LayerSpec.Residual residual) {
                // Inner layers first, so that one that does not fit is named itself.
                body = bind(name + ".", residual.body(), input);
                shortcut = bind(name + ".shortcut.", residual.shortcut(), input);
            }
            TensorShape output = outputOf(name, spec, input);
            return new Layer(name, index, spec, input, output, addTensors(name, spec, input), body, shortcut);
        }

        private List<ParameterLayout.Entry> addTensors(String name, LayerSpec layer, TensorShape input) {
            try {
                return layer.tensors(input).stream()
                        .map(tensor -> layout.add(name, frozen.contains(name) ? tensor.frozen() : tensor))
                        .toList();
            } catch (ArithmeticException e) {
                throw new ConvoyException("Cannot hold the layer " + name + " on an input of " + input
                        + ": the network would have more than 2^31 - 1 parameters; make it smaller");
            }
        }
    }

    /** The names of the layers that the specification freezes. */
    private Set<String> toFreeze() {
        Set<String> withWeights = new LinkedHashSet<>();
        allLayers().stream()
                .filter(layer -> !layer.tensors().isEmpty())
                .forEach(layer -> withWeights.add(layer.name()));
        Set<String> frozen = new LinkedHashSet<>();
        for (String pattern : spec.freeze()) {
            Predicate<String> matches = pattern.equals("body") ? name -> !name.equals(head().name()) : matcher(pattern);
            List<String> found = withWeights.stream().filter(matches).toList();
            if (found.isEmpty()) {
                throw new ConvoyException("Cannot freeze " + pattern + ": no layer of this name has weights; there are "
                        + String.join(", ", withWeights) + ", and body for all but " + head().name());
            }
            frozen.addAll(found);
        }
        if (frozen.containsAll(withWeights)) {
            throw new ConvoyException(
                    "Cannot freeze every layer: nothing would be left to train; leave " + head().name() + " out");
        }
        return frozen;
    }

    /** Matches a layer, or a block with all that is in it. */
    private static Predicate<String> matcher(String pattern) {
        String name = Stream.of(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        return Pattern.compile(name + "(\\..*)?").asMatchPredicate();
    }

    /** The last layer with weights: what transfer learning replaces. */
    public Layer head() {
        return allLayers().stream()
                .filter(layer -> !layer.tensors().isEmpty())
                .reduce((first, last) -> last)
                .orElseThrow(
                        () -> new ConvoyException("Cannot train a network without weights; give it layers that have"
                                + " some, for example dense"));
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

    /** Every layer, those within blocks after their block. */
    public List<Layer> allLayers() {
        return layers.stream().flatMap(Layer::withInner).toList();
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** The number of outputs. */
    public int outputs() {
        return layers.get(layers.size() - 1).output().size();
    }

    /** The weights before the first step: drawn from the seed alone, the same on every backend. */
    public ModelState initialState(long seed) {
        float[] parameters = new float[layout.parameterCount()];
        float[] buffers = new float[layout.bufferCount()];
        List<ParameterLayout.Entry> entries = layout.entries();
        for (int i = 0; i < entries.size(); i++) {
            CounterRandom random = CounterRandom.of(seed, CounterRandom.Purpose.INITIAL_WEIGHTS, i);
            fill(entries.get(i), entries.get(i).isBuffer() ? buffers : parameters, random);
        }
        return new ModelState(parameters, buffers);
    }

    private void fill(ParameterLayout.Entry entry, float[] vector, CounterRandom random) {
        int size = entry.size();
        if (entry.tensor().start() instanceof TensorSpec.Start.Constant constant) {
            Arrays.fill(vector, entry.offset(), entry.offset() + size, constant.value());
        } else if (entry.tensor().start() instanceof TensorSpec.Start.Random drawn) {
            Initializer initializer = drawn.initializer() == null ? spec.initializer() : drawn.initializer();
            for (int i = 0; i < size; i++) {
                vector[entry.offset() + i] = initializer.draw(random, i, drawn.fanIn(), drawn.fanOut());
            }
        }
    }
}
