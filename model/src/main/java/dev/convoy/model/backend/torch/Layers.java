package dev.convoy.model.backend.torch;

import dev.convoy.data.CounterRandom;
import dev.convoy.model.Network;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.layer.TensorShape;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Every {@link LayerSpec} as functional calls of libtorch. Tensors that a call makes belong to the caller's {@link
 * org.bytedeco.javacpp.PointerScope}.
 */
final class Layers {
    private static final long[] ONE = {1, 1};
    private static final long[] ZERO = {0, 0};

    private final Placement.Precision precision;
    private final List<List<Tensor>> tensors;

    /**
     * @param precision of convolutions and dense layers; normalisation and softmax stay single, as PyTorch's autocast has
     *     it, and the others take what they are given
     * @param tensors by the index of a layer, its tensors in canonical order
     */
    Layers(Placement.Precision precision, List<List<Tensor>> tensors) {
        this.precision = precision;
        this.tensors = tensors;
    }

    /**
     * Leads a batch through layers.
     *
     * @param training the step for which dropout is drawn and running statistics are moved; empty in evaluation mode
     * @param between asked before each layer, those within blocks included, for what it is to be given instead
     */
    Tensor forward(
            List<Network.Layer> layers,
            Tensor input,
            Optional<StepKey> training,
            BiFunction<Network.Layer, Tensor, Tensor> between) {
        Tensor x = input;
        for (Network.Layer layer : layers) {
            x = layer.spec().accept(new Pass(layer, between.apply(layer, x), training, between));
        }
        return x;
    }

    /** Leads a batch through one layer; every method returns the layer's output. */
    private final class Pass implements LayerSpec.Visitor<Tensor> {
        private final Network.Layer layer;
        private final Tensor x;
        private final Optional<StepKey> training;
        private final BiFunction<Network.Layer, Tensor, Tensor> between;
        private final List<Tensor> weights;

        Pass(
                Network.Layer layer,
                Tensor x,
                Optional<StepKey> training,
                BiFunction<Network.Layer, Tensor, Tensor> between) {
            this.layer = layer;
            this.x = x;
            this.training = training;
            this.between = between;
            this.weights = tensors.get(layer.index());
        }

        @Override
        public Tensor conv2d(LayerSpec.Conv2d conv) {
            return convolution(conv, x, weights);
        }

        @Override
        public Tensor maxPool(LayerSpec.MaxPool pool) {
            return Layers.maxPool(pool, x);
        }

        @Override
        public Tensor averagePool(LayerSpec.AveragePool pool) {
            return Layers.averagePool(pool, x);
        }

        @Override
        public Tensor globalAveragePool(LayerSpec.GlobalAveragePool pool) {
            return x.mean(new long[] {2, 3}, false, new ScalarTypeOptional());
        }

        @Override
        public Tensor residual(LayerSpec.Residual block) {
            return forward(layer.body(), x, training, between).add(forward(layer.shortcut(), x, training, between));
        }

        @Override
        public Tensor batchNorm(LayerSpec.BatchNorm norm) {
            if (training.isEmpty() || layer.isFrozen()) {
                return Layers.batchNorm(norm, x, weights, Statistics.USE);
            }
            long values =
                    layer.input() instanceof TensorShape.Volume v ? x.size(0) * v.height() * v.width() : x.size(0);
            // The unbiased variance of a single value does not exist: running statistics then stay as they were.
            return Layers.batchNorm(norm, x, weights, values > 1 ? Statistics.MOVE : Statistics.LEAVE);
        }

        @Override
        public Tensor dense(LayerSpec.Dense dense) {
            return torch.linear(low(x), low(weights.get(0)), bias(dense.bias(), weights));
        }

        @Override
        public Tensor flatten(LayerSpec.Flatten flatten) {
            return x.flatten(1, -1);
        }

        @Override
        public Tensor dropout(LayerSpec.Dropout dropout) {
            return training.map(step -> x.mul(mask(x, dropout.rate(), step.dropout(layer.index()))))
                    .orElse(x);
        }

        @Override
        public Tensor sigmoid(LayerSpec.Sigmoid sigmoid) {
            return torch.sigmoid(x);
        }

        @Override
        public Tensor tanh(LayerSpec.Tanh tanh) {
            return torch.tanh(x);
        }

        @Override
        public Tensor relu(LayerSpec.Relu relu) {
            return torch.relu(x);
        }

        @Override
        public Tensor leakyRelu(LayerSpec.LeakyRelu leaky) {
            return torch.leaky_relu(x, new Scalar(leaky.slope()));
        }

        @Override
        public Tensor softmax(LayerSpec.Softmax softmax) {
            return torch.softmax(single(x), 1);
        }
    }

    /** Converts to the precision of convolutions and dense layers; gradients of parameters come in single precision even so. */
    private Tensor low(Tensor x) {
        return precision == Placement.Precision.BF16 ? x.to(ScalarType.BFloat16) : x;
    }

    private static Tensor single(Tensor x) {
        return x.to(ScalarType.Float);
    }

    private TensorOptional bias(boolean has, List<Tensor> tensors) {
        return has ? new TensorOptional(low(tensors.get(1))) : new TensorOptional();
    }

    private Tensor convolution(LayerSpec.Conv2d conv, Tensor x, List<Tensor> tensors) {
        Border border = Border.of(conv, x);
        Tensor input = border.isSymmetric() ? x : border.pad(x, 0);
        long[] padding = border.isSymmetric() ? border.symmetric() : ZERO;
        if (padding[0] == 0 && padding[1] == 0 && PixelDense.replaces(conv, input)) {
            return PixelDense.convolve(low(input), low(tensors.get(0)), bias(conv.bias(), tensors), conv.stride());
        }
        int copies = copies(conv, input);
        // One filter alone becomes two of the same, of which the second is not looked at.
        int times = Math.max(1, copies / conv.filters());
        List<Tensor> own =
                tensors.stream().map(tensor -> repeated(tensor, 0, times)).toList();
        Tensor output = torch.conv2d(
                low(repeated(input, 1, copies)),
                low(own.get(0)),
                bias(conv.bias(), own),
                array(conv.stride()),
                padding,
                ONE,
                (long) conv.groups() * copies);
        return times == 1 ? output : output.narrow(1, 0, conv.filters());
    }

    private static Tensor repeated(Tensor tensor, long dimension, int times) {
        return times == 1 ? tensor : tensor.repeat_interleave(times, new LongOptional(dimension), new LongOptional());
    }

    /**
     * How often each channel is to be there, in as many groups. Where a group has one channel and several filters, oneDNN 3.7, which
     * libtorch 2.10 brings, gives wrong outputs on some processors (seen on AMD's family 26), and a wrong gradient for the input, in
     * the layout that images have here. A copy of the channel for each filter gives the same sums.
     */
    private static int copies(LayerSpec.Conv2d conv, Tensor input) {
        if (input.size(1) != conv.groups() || conv.groups() == 1 && !input.requires_grad()) {
            return 1;
        }
        // Of one channel and one filter the gradient is wrong as well.
        return conv.groups() == 1 ? Math.max(2, conv.filters()) : conv.filters() / conv.groups();
    }

    private static Tensor maxPool(LayerSpec.MaxPool pool, Tensor x) {
        Border border = Border.of(pool, x);
        Tensor input = border.isSymmetric() ? x : border.pad(x, Double.NEGATIVE_INFINITY);
        long[] padding = border.isSymmetric() ? border.symmetric() : ZERO;
        return torch.max_pool2d(input, array(pool.kernel()), array(pool.stride()), padding, ONE, false);
    }

    /** Averages windows, leaving padding out of the mean. */
    private static Tensor averagePool(LayerSpec.AveragePool pool, Tensor x) {
        Border border = Border.of(pool, x);
        if (border.isSymmetric()) {
            return torch.avg_pool2d(
                    x,
                    array(pool.kernel()),
                    array(pool.stride()),
                    border.symmetric(),
                    false,
                    false,
                    new LongOptional());
        }
        Tensor real = torch.ones(1, 1, x.size(2), x.size(3)).to(x);
        return windowSums(pool, border.pad(x, 0)).div(windowSums(pool, border.pad(real, 0)));
    }

    private static Tensor windowSums(LayerSpec.AveragePool pool, Tensor x) {
        return torch.avg_pool2d(x, array(pool.kernel()), array(pool.stride()), ZERO, false, true, new LongOptional(1));
    }

    private enum Statistics {
        MOVE,
        LEAVE,
        USE
    }

    private static Tensor batchNorm(LayerSpec.BatchNorm norm, Tensor x, List<Tensor> tensors, Statistics statistics) {
        boolean without = statistics == Statistics.LEAVE;
        return torch.batch_norm(
                single(x),
                new TensorOptional(tensors.get(0)),
                new TensorOptional(tensors.get(1)),
                without ? new TensorOptional() : new TensorOptional(tensors.get(2)),
                without ? new TensorOptional() : new TensorOptional(tensors.get(3)),
                statistics != Statistics.USE,
                norm.momentum(),
                norm.eps(),
                false);
    }

    private static Tensor mask(Tensor x, double rate, CounterRandom random) {
        return DropoutMask.of(random, Math.toIntExact(x.numel()), rate, x.device())
                .view(x.sizes())
                .to(x);
    }

    private static long[] array(Size2d size) {
        return new long[] {size.height(), size.width()};
    }

    /** Pixels of padding on each side of a volume. */
    private record Border(int top, int bottom, int left, int right) {
        static Border of(LayerSpec.Windowed layer, Tensor x) {
            if (layer.padding() instanceof Padding.Explicit e) {
                return new Border(e.pixels(), e.pixels(), e.pixels(), e.pixels());
            }
            int rows = same(
                    (int) x.size(2), layer.kernel().height(), layer.stride().height());
            int columns =
                    same((int) x.size(3), layer.kernel().width(), layer.stride().width());
            return new Border(rows / 2, rows - rows / 2, columns / 2, columns - columns / 2);
        }

        /** TensorFlow's rule: what the last window lacks. */
        private static int same(int input, int kernel, int stride) {
            int outputs = Padding.SAME.outputSize(input, kernel, stride);
            return Math.max(0, (outputs - 1) * stride + kernel - input);
        }

        boolean isSymmetric() {
            return top == bottom && left == right;
        }

        long[] symmetric() {
            return new long[] {top, left};
        }

        Tensor pad(Tensor x, double value) {
            return torch.constant_pad_nd(x, new long[] {left, right, top, bottom}, new Scalar(value));
        }
    }
}
