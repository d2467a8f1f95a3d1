package dev.convoy.model.layer;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import java.io.Serializable;
import java.util.List;

/**
 * One layer, as the user writes it: everything but the shape of its input. Constructors take what a layer cannot do without;
 * everything else has a default, and a {@code with...} method that returns a changed copy.
 */
public sealed interface LayerSpec extends Serializable {
    /**
     * Something that is done with a layer, for each kind of layer in its own way. Whoever implements it cannot forget a kind.
     *
     * @param <R> what comes of it
     */
    interface Visitor<R> {
        R conv2d(Conv2d layer);

        R maxPool(MaxPool layer);

        R averagePool(AveragePool layer);

        R globalAveragePool(GlobalAveragePool layer);

        R residual(Residual layer);

        R batchNorm(BatchNorm layer);

        R dense(Dense layer);

        R flatten(Flatten layer);

        R dropout(Dropout layer);

        R sigmoid(Sigmoid layer);

        R tanh(Tanh layer);

        R relu(Relu layer);

        R leakyRelu(LeakyRelu layer);

        R softmax(Softmax layer);
    }

    /** Calls the visitor's method for this kind of layer. */
    <R> R accept(Visitor<R> visitor);

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

    /** A layer whose output has the shape of its input. */
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
                        + ", or the padding same");
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

    private static void requirePositive(String property, int value) {
        if (value < 1) {
            throw new InvalidValueException(property, value, "it must be at least 1");
        }
    }

    private static void requirePaddingBelowKernel(Padding padding, Size2d kernel) {
        if (padding instanceof Padding.Explicit e && e.pixels() * 2 > Math.min(kernel.height(), kernel.width())) {
            throw new InvalidValueException(
                    "padding",
                    e.pixels(),
                    "pad by at most half of the kernel " + kernel + ", else windows would hold padding alone");
        }
    }

    /**
     * Two-dimensional convolution (cross-correlation). Weight {@code [filters, channels / groups, rows, columns]} (OIHW),
     * then bias {@code [filters]}.
     *
     * @param filters channels of the output
     * @param kernel rows and columns of a filter
     * @param stride 1 unless set
     * @param padding {@code valid} unless set
     * @param bias true unless set
     * @param initializer null, unless set, for the network's
     * @param groups into how many parts channels and filters are divided, each filter seeing its own part; 1 unless set,
     *     as many as channels for a depthwise convolution
     */
    record Conv2d(
            int filters,
            Size2d kernel,
            Size2d stride,
            Padding padding,
            boolean bias,
            Initializer initializer,
            int groups)
            implements Windowed {
        public Conv2d {
            requirePositive("groups", groups);
            requirePositive("filters", filters);
        }

        /** A convolution with steps of one pixel, without padding and groups, with a bias. */
        public Conv2d(int filters, Size2d kernel) {
            this(filters, kernel, Size2d.square(1), Padding.VALID, true, null, 1);
        }

        public Conv2d withStride(Size2d size) {
            return new Conv2d(filters, kernel, size, padding, bias, initializer, groups);
        }

        public Conv2d withPadding(Padding border) {
            return new Conv2d(filters, kernel, stride, border, bias, initializer, groups);
        }

        public Conv2d withoutBias() {
            return new Conv2d(filters, kernel, stride, padding, false, initializer, groups);
        }

        public Conv2d withInitializer(Initializer value) {
            return new Conv2d(filters, kernel, stride, padding, bias, value, groups);
        }

        public Conv2d withGroups(int count) {
            return new Conv2d(filters, kernel, stride, padding, bias, initializer, count);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.conv2d(this);
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
     * @param stride the kernel unless set
     * @param padding {@code valid} unless set; padding never wins
     */
    record MaxPool(Size2d kernel, Size2d stride, Padding padding) implements Windowed {
        public MaxPool {
            requirePaddingBelowKernel(padding, kernel);
        }

        /** Windows that lie side by side, without padding. */
        public MaxPool(Size2d kernel) {
            this(kernel, kernel, Padding.VALID);
        }

        public MaxPool withStride(Size2d size) {
            return new MaxPool(kernel, size, padding);
        }

        public MaxPool withPadding(Padding border) {
            return new MaxPool(kernel, stride, border);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.maxPool(this);
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
     * @param stride the kernel unless set
     * @param padding {@code valid} unless set
     */
    record AveragePool(Size2d kernel, Size2d stride, Padding padding) implements Windowed {
        public AveragePool {
            requirePaddingBelowKernel(padding, kernel);
        }

        /** Windows that lie side by side, without padding. */
        public AveragePool(Size2d kernel) {
            this(kernel, kernel, Padding.VALID);
        }

        public AveragePool withStride(Size2d size) {
            return new AveragePool(kernel, size, padding);
        }

        public AveragePool withPadding(Padding border) {
            return new AveragePool(kernel, stride, border);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.averagePool(this);
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
        public <R> R accept(Visitor<R> visitor) {
            return visitor.globalAveragePool(this);
        }

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
            body = List.copyOf(body);
            shortcut = List.copyOf(shortcut);
            if (body.isEmpty()) {
                throw new InvalidValueException("body", body, "it must have at least one layer");
            }
        }

        /** A block that adds its input to what its body makes of it. */
        public Residual(List<LayerSpec> body) {
            this(body, List.of());
        }

        public Residual withShortcut(List<LayerSpec> layers) {
            return new Residual(body, layers);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.residual(this);
        }

        @Override
        public String stem() {
            return "block";
        }

        @Override
        public TensorShape output(TensorShape input) {
            TensorShape sum = through(body, input);
            TensorShape added = through(shortcut, input);
            if (!sum.equals(added)) {
                throw new ConvoyException(
                        "its body gives " + sum + " but its shortcut " + added + "; they are added, so"
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
     * @param momentum the share of the new batch in the running statistics, 0.1 unless set
     * @param eps added to the variance, 1e-5 unless set
     */
    record BatchNorm(double momentum, double eps) implements ElementWise {
        public BatchNorm {
            if (!(momentum > 0 && momentum <= 1)) {
                throw new InvalidValueException("momentum", momentum, "it must be above 0 and at most 1");
            }
            if (!(eps > 0)) {
                throw new InvalidValueException("eps", eps, "it must be above 0");
            }
        }

        public BatchNorm() {
            this(0.1, 1e-5);
        }

        public BatchNorm withMomentum(double share) {
            return new BatchNorm(share, eps);
        }

        public BatchNorm withEps(double value) {
            return new BatchNorm(momentum, value);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.batchNorm(this);
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
     * @param bias true unless set
     * @param initializer null, unless set, for the network's
     */
    record Dense(int units, boolean bias, Initializer initializer) implements LayerSpec {
        public Dense {
            requirePositive("units", units);
        }

        /** A layer with a bias. */
        public Dense(int units) {
            this(units, true, null);
        }

        public Dense withUnits(int count) {
            return new Dense(count, bias, initializer);
        }

        public Dense withoutBias() {
            return new Dense(units, false, initializer);
        }

        public Dense withInitializer(Initializer value) {
            return new Dense(units, bias, value);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.dense(this);
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
        public <R> R accept(Visitor<R> visitor) {
            return visitor.flatten(this);
        }

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
    record Dropout(double rate) implements ElementWise {
        public Dropout {
            if (!(rate >= 0 && rate < 1)) {
                throw new InvalidValueException("rate", rate, "it must be at least 0 and below 1");
            }
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.dropout(this);
        }

        @Override
        public String stem() {
            return "dropout";
        }
    }

    /** {@code 1 / (1 + exp(-x))}. */
    record Sigmoid() implements ElementWise {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.sigmoid(this);
        }

        @Override
        public String stem() {
            return "sigmoid";
        }
    }

    /** Hyperbolic tangent. */
    record Tanh() implements ElementWise {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.tanh(this);
        }

        @Override
        public String stem() {
            return "tanh";
        }
    }

    /** {@code max(x, 0)}. */
    record Relu() implements ElementWise {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.relu(this);
        }

        @Override
        public String stem() {
            return "relu";
        }
    }

    /**
     * {@code x} above 0, {@code slope * x} below.
     *
     * @param slope 0.01 unless set
     */
    record LeakyRelu(double slope) implements ElementWise {
        public LeakyRelu() {
            this(0.01);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.leakyRelu(this);
        }

        @Override
        public String stem() {
            return "leaky_relu";
        }
    }

    /** Softmax over a vector. Not before softmax cross-entropy, which has it built in. */
    record Softmax() implements LayerSpec {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.softmax(this);
        }

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
