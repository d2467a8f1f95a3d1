package dev.convoy.model.layer;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.convoy.data.ConvoyException;
import java.io.Serializable;
import java.util.List;

/** One layer, as the user writes it: everything but the shape of its input. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = LayerSpec.Conv2d.class, name = "conv2d"),
    @JsonSubTypes.Type(value = LayerSpec.MaxPool.class, name = "max-pool"),
    @JsonSubTypes.Type(value = LayerSpec.AveragePool.class, name = "average-pool"),
    @JsonSubTypes.Type(value = LayerSpec.GlobalAveragePool.class, name = "global-average-pool"),
    @JsonSubTypes.Type(value = LayerSpec.Residual.class, name = "residual"),
    @JsonSubTypes.Type(value = LayerSpec.BatchNorm.class, name = "batch-norm"),
    @JsonSubTypes.Type(value = LayerSpec.Dense.class, name = "dense"),
    @JsonSubTypes.Type(value = LayerSpec.Flatten.class, name = "flatten"),
    @JsonSubTypes.Type(value = LayerSpec.Dropout.class, name = "dropout"),
    @JsonSubTypes.Type(value = LayerSpec.Sigmoid.class, name = "sigmoid"),
    @JsonSubTypes.Type(value = LayerSpec.Tanh.class, name = "tanh"),
    @JsonSubTypes.Type(value = LayerSpec.Relu.class, name = "relu"),
    @JsonSubTypes.Type(value = LayerSpec.LeakyRelu.class, name = "leaky-relu"),
    @JsonSubTypes.Type(value = LayerSpec.Softmax.class, name = "softmax")
})
public sealed interface LayerSpec extends Serializable {
    /** The stem of the layer's name; a number that counts layers of this stem follows. */
    String stem();

    /**
     * The shape of the output.
     *
     * @throws ConvoyException if the layer does not fit; the message says what would, but not the layer's name
     */
    TensorShape output(TensorShape input);

    /** The tensors that the layer holds, in canonical order; none by default. */
    default List<TensorSpec> tensors(TensorShape input) {
        return List.of();
    }

    /** A layer whose output has its input's shape. */
    sealed interface ElementWise extends LayerSpec {
        @Override
        default TensorShape output(TensorShape input) {
            return input;
        }
    }

    /** A layer that slides a window over a volume. */
    sealed interface Windowed extends LayerSpec {
        Size2d kernel();

        Size2d stride();

        Padding padding();

        /** Channels of the output. */
        int outputChannels(int inputChannels);

        @Override
        default TensorShape output(TensorShape input) {
            TensorShape.Volume volume = requireVolume(input);
            int height = padding().outputSize(volume.height(), kernel().height(), stride().height());
            int width = padding().outputSize(volume.width(), kernel().width(), stride().width());
            if (height < 1 || width < 1) {
                int padded = padding() instanceof Padding.Explicit e ? 2 * e.pixels() : 0;
                throw new ConvoyException("its kernel " + kernel() + " is larger than its input; use a kernel of at"
                        + " most " + (volume.height() + padded) + "x" + (volume.width() + padded)
                        + ", or padding = same");
            }
            return new TensorShape.Volume(outputChannels(volume.channels()), height, width);
        }
    }

    private static TensorShape.Volume requireVolume(TensorShape input) {
        if (input instanceof TensorShape.Volume volume) {
            return volume;
        }
        throw new ConvoyException(
                "it needs a volume of channels, rows and columns; put it before flatten, or use dense");
    }

    private static <T> T orElse(T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    private static void requirePositive(String layer, String key, Integer value) {
        if (require(layer, key, value) < 1) {
            throw new ConvoyException(
                    "Cannot make a " + layer + " layer with " + key + " = " + value + "; set it to at" + " least 1");
        }
    }

    private static <T> T require(String layer, String key, T value) {
        if (value == null) {
            throw new ConvoyException("Cannot make a " + layer + " layer without " + key + "; set it");
        }
        return value;
    }

    private static void requirePaddingBelowKernel(String layer, Padding padding, Size2d kernel) {
        if (padding instanceof Padding.Explicit e && e.pixels() * 2 > Math.min(kernel.height(), kernel.width())) {
            throw new ConvoyException("Cannot make a " + layer + " layer with kernel " + kernel + " and padding = "
                    + e.pixels() + "; pad by at most half of the kernel, else windows would hold padding alone");
        }
    }

    /**
     * Two-dimensional convolution (cross-correlation). Weight {@code [filters, channels / groups, rows, columns]} (OIHW),
     * then bias {@code [filters]}.
     *
     * @param filters channels of the output
     * @param kernel rows and columns of a filter
     * @param stride 1 unless given
     * @param padding {@code valid} unless given
     * @param bias true unless given
     * @param initializer the network's unless given
     * @param groups into how many parts channels and filters are divided, each filter seeing its own part; 1 unless given,
     *     as many as channels for a depthwise convolution
     */
    record Conv2d(
            Integer filters,
            Size2d kernel,
            Size2d stride,
            Padding padding,
            Boolean bias,
            Initializer initializer,
            Integer groups)
            implements Windowed {
        public Conv2d {
            groups = orElse(groups, 1);
            requirePositive("conv2d", "groups", groups);
            requirePositive("conv2d", "filters", filters);
            require("conv2d", "kernel", kernel);
            stride = orElse(stride, new Size2d(1, 1));
            padding = orElse(padding, Padding.VALID);
            bias = orElse(bias, true);
        }

        /** Without groups. */
        public Conv2d(
                Integer filters, Size2d kernel, Size2d stride, Padding padding, Boolean bias, Initializer initializer) {
            this(filters, kernel, stride, padding, bias, initializer, 1);
        }

        @Override
        public String stem() {
            return "conv";
        }

        @Override
        public TensorShape output(TensorShape input) {
            TensorShape output = Windowed.super.output(input);
            int channels = ((TensorShape.Volume) input).channels();
            if (channels % groups != 0 || filters % groups != 0) {
                throw new ConvoyException("its groups = " + groups + " must divide both its input's " + channels
                        + " channels and its " + filters + " filters");
            }
            return output;
        }

        @Override
        public int outputChannels(int inputChannels) {
            return filters;
        }

        @Override
        public List<TensorSpec> tensors(TensorShape input) {
            int channels = ((TensorShape.Volume) input).channels() / groups;
            int window = kernel.height() * kernel.width();
            TensorSpec weight = TensorSpec.weight(
                    initializer,
                    channels * window,
                    filters / groups * window,
                    filters,
                    channels,
                    kernel.height(),
                    kernel.width());
            return bias ? List.of(weight, TensorSpec.bias(filters)) : List.of(weight);
        }
    }

    /**
     * The largest value of each window.
     *
     * @param stride the kernel unless given
     * @param padding {@code valid} unless given; padding never wins
     */
    record MaxPool(Size2d kernel, Size2d stride, Padding padding) implements Windowed {
        public MaxPool {
            require("max-pool", "kernel", kernel);
            stride = orElse(stride, kernel);
            padding = orElse(padding, Padding.VALID);
            requirePaddingBelowKernel("max-pool", padding, kernel);
        }

        @Override
        public String stem() {
            return "pool";
        }

        @Override
        public int outputChannels(int inputChannels) {
            return inputChannels;
        }
    }

    /**
     * The mean of each window; padding is left out of the mean.
     *
     * @param stride the kernel unless given
     * @param padding {@code valid} unless given
     */
    record AveragePool(Size2d kernel, Size2d stride, Padding padding) implements Windowed {
        public AveragePool {
            require("average-pool", "kernel", kernel);
            stride = orElse(stride, kernel);
            padding = orElse(padding, Padding.VALID);
            requirePaddingBelowKernel("average-pool", padding, kernel);
        }

        @Override
        public String stem() {
            return "pool";
        }

        @Override
        public int outputChannels(int inputChannels) {
            return inputChannels;
        }
    }

    /** The mean of each channel: a volume to a vector. */
    record GlobalAveragePool() implements LayerSpec {
        @Override
        public String stem() {
            return "pool";
        }

        @Override
        public TensorShape output(TensorShape input) {
            return new TensorShape.Flat(requireVolume(input).channels());
        }
    }

    /**
     * The sum of two ways through the network: K. He et al., "Deep residual learning for image recognition", CVPR 2016.
     * Its layers' names begin with the block's, those of the shortcut with {@code shortcut} after it.
     *
     * @param body at least one layer
     * @param shortcut usually none (the input itself), or a convolution of one pixel where shapes change
     */
    record Residual(List<LayerSpec> body, List<LayerSpec> shortcut) implements LayerSpec {
        public Residual {
            body = List.copyOf(require("residual", "body", body));
            shortcut = shortcut == null ? List.of() : List.copyOf(shortcut);
            if (body.isEmpty()) {
                throw new ConvoyException("Cannot make a residual layer with an empty body; give it layers");
            }
        }

        @Override
        public String stem() {
            return "block";
        }

        @Override
        public TensorShape output(TensorShape input) {
            TensorShape sum = through(body, input);
            TensorShape other = through(shortcut, input);
            if (!sum.equals(other)) {
                throw new ConvoyException(
                        "its body gives " + sum + " but its shortcut " + other + "; they are added, so"
                                + " give it a shortcut with a convolution of kernel 1 and the same stride and filters");
            }
            return sum;
        }

        private static TensorShape through(List<LayerSpec> layers, TensorShape input) {
            TensorShape shape = input;
            for (LayerSpec layer : layers) {
                shape = layer.output(shape);
            }
            return shape;
        }
    }

    /**
     * Batch normalisation over each channel of a volume, or each value of a vector: S. Ioffe and C. Szegedy, ICML 2015.
     * Weight (scale) and bias (shift), then the buffers running_mean and running_var. The running variance is the
     * unbiased one; a batch with a single value per channel leaves the running statistics as they were.
     *
     * @param momentum the share of the new batch in the running statistics, 0.1 unless given
     * @param eps added to the variance, 1e-5 unless given
     */
    record BatchNorm(Double momentum, Double eps) implements ElementWise {
        public BatchNorm {
            momentum = orElse(momentum, 0.1);
            eps = orElse(eps, 1e-5);
            if (!(momentum > 0 && momentum <= 1) || !(eps > 0)) {
                throw new ConvoyException("Cannot make a batch-norm layer with momentum = " + momentum + ", eps = "
                        + eps + "; momentum must be above 0 and at most 1, eps above 0");
            }
        }

        @Override
        public String stem() {
            return "bn";
        }

        @Override
        public List<TensorSpec> tensors(TensorShape input) {
            int channels = input instanceof TensorShape.Volume volume ? volume.channels() : input.size();
            return List.of(
                    TensorSpec.constant("weight", TensorSpec.Role.PLAIN, 1, channels),
                    TensorSpec.bias(channels),
                    TensorSpec.constant("running_mean", TensorSpec.Role.BUFFER, 0, channels),
                    TensorSpec.constant("running_var", TensorSpec.Role.BUFFER, 1, channels));
        }
    }

    /**
     * A fully connected layer over a vector. Weight {@code [units, inputs]}, then bias {@code [units]}.
     *
     * @param bias true unless given
     * @param initializer the network's unless given
     */
    record Dense(Integer units, Boolean bias, Initializer initializer) implements LayerSpec {
        public Dense {
            requirePositive("dense", "units", units);
            bias = orElse(bias, true);
        }

        @Override
        public String stem() {
            return "fc";
        }

        @Override
        public TensorShape output(TensorShape input) {
            if (input instanceof TensorShape.Volume) {
                throw new ConvoyException("it needs a vector; put flatten before it");
            }
            return new TensorShape.Flat(units);
        }

        @Override
        public List<TensorSpec> tensors(TensorShape input) {
            TensorSpec weight = TensorSpec.weight(initializer, input.size(), units, units, input.size());
            return bias ? List.of(weight, TensorSpec.bias(units)) : List.of(weight);
        }
    }

    /** A volume to a vector, in CHW order. */
    record Flatten() implements LayerSpec {
        @Override
        public String stem() {
            return "flatten";
        }

        @Override
        public TensorShape output(TensorShape input) {
            return new TensorShape.Flat(input.size());
        }
    }

    /**
     * Sets values to 0 in training and scales the others by {@code 1 / (1 - rate)}.
     *
     * @param rate the probability of 0; at least 0 and below 1
     */
    record Dropout(Double rate) implements ElementWise {
        public Dropout {
            require("dropout", "rate", rate);
            if (!(rate >= 0 && rate < 1)) {
                throw new ConvoyException(
                        "Cannot make a dropout layer with rate = " + rate + "; it must be at least 0 and below 1");
            }
        }

        @Override
        public String stem() {
            return "dropout";
        }
    }

    /** {@code 1 / (1 + exp(-x))}. */
    record Sigmoid() implements ElementWise {
        @Override
        public String stem() {
            return "sigmoid";
        }
    }

    /** Hyperbolic tangent. */
    record Tanh() implements ElementWise {
        @Override
        public String stem() {
            return "tanh";
        }
    }

    /** {@code max(x, 0)}. */
    record Relu() implements ElementWise {
        @Override
        public String stem() {
            return "relu";
        }
    }

    /**
     * {@code x} above 0, {@code slope * x} below.
     *
     * @param slope 0.01 unless given
     */
    record LeakyRelu(Double slope) implements ElementWise {
        public LeakyRelu {
            slope = orElse(slope, 0.01);
        }

        @Override
        public String stem() {
            return "leaky_relu";
        }
    }

    /** Softmax over a vector. Not before softmax cross-entropy, which has it built in. */
    record Softmax() implements LayerSpec {
        @Override
        public String stem() {
            return "softmax";
        }

        @Override
        public TensorShape output(TensorShape input) {
            if (input instanceof TensorShape.Volume) {
                throw new ConvoyException("it needs a vector; put flatten before it");
            }
            return input;
        }
    }
}
