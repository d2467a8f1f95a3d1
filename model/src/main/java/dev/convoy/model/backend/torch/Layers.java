package dev.convoy.model.backend.torch;

import dev.convoy.data.CounterRandom;
import dev.convoy.model.Network;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.layer.TensorShape;
import java.util.List;
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

    /**
     * @param precision of convolutions and dense layers; normalisation and softmax stay single, as PyTorch's autocast has
     *     it, and the others take what they are given
     */
    Layers(Placement.Precision precision) {
        this.precision = precision;
    }

    /** In the precision of convolutions and dense layers; parameters get their gradients in single precision all the same. */
    private Tensor low(Tensor x) {
        return precision == Placement.Precision.BF16 ? x.to(ScalarType.BFloat16) : x;
    }

    private static Tensor single(Tensor x) {
        return x.to(ScalarType.Float);
    }

    private TensorOptional bias(boolean has, List<Tensor> tensors) {
        return has ? new TensorOptional(low(tensors.get(1))) : new TensorOptional();
    }

    /**
     * One layer in training mode.
     *
     * @param tensors the layer's, in canonical order; running statistics are moved
     * @param dropout numbers for the layer's mask
     */
    Tensor train(Network.Layer layer, Tensor x, List<Tensor> tensors, CounterRandom dropout) {
        if (layer.spec() instanceof LayerSpec.BatchNorm norm && !layer.isFrozen()) {
            long values =
                    layer.input() instanceof TensorShape.Volume v ? x.size(0) * v.height() * v.width() : x.size(0);
            // The unbiased variance of a single value does not exist: running statistics then stay as they were.
            return batchNorm(norm, x, tensors, values > 1 ? Statistics.MOVE : Statistics.LEAVE);
        } else if (layer.spec() instanceof LayerSpec.Dropout spec) {
            return x.mul(mask(x, spec.rate(), dropout));
        }
        return evaluate(layer, x, tensors);
    }

    /** One layer in evaluation mode. */
    Tensor evaluate(Network.Layer layer, Tensor x, List<Tensor> tensors) {
        if (layer.spec() instanceof LayerSpec.BatchNorm norm) {
            return batchNorm(norm, x, tensors, Statistics.USE);
        } else if (layer.spec() instanceof LayerSpec.Dropout) {
            return x;
        }
        return forward(layer.spec(), x, tensors);
    }

    private Tensor forward(LayerSpec spec, Tensor x, List<Tensor> tensors) {
        if (spec instanceof LayerSpec.Conv2d conv) {
            return convolution(conv, x, tensors);
        } else if (spec instanceof LayerSpec.MaxPool pool) {
            return maxPool(pool, x);
        } else if (spec instanceof LayerSpec.AveragePool pool) {
            return averagePool(pool, x);
        } else if (spec instanceof LayerSpec.GlobalAveragePool) {
            return x.mean(new long[] {2, 3}, false, new ScalarTypeOptional());
        } else if (spec instanceof LayerSpec.Dense dense) {
            return torch.linear(low(x), low(tensors.get(0)), bias(dense.bias(), tensors));
        } else if (spec instanceof LayerSpec.Flatten) {
            return x.flatten(1, -1);
        } else if (spec instanceof LayerSpec.Sigmoid) {
            return torch.sigmoid(x);
        } else if (spec instanceof LayerSpec.Tanh) {
            return torch.tanh(x);
        } else if (spec instanceof LayerSpec.Relu) {
            return torch.relu(x);
        } else if (spec instanceof LayerSpec.LeakyRelu leaky) {
            return torch.leaky_relu(x, new Scalar(leaky.slope()));
        } else if (spec instanceof LayerSpec.Softmax) {
            return torch.softmax(single(x), 1);
        }
        throw new IllegalStateException("The torch backend has no layer for " + spec);
    }

    private Tensor convolution(LayerSpec.Conv2d conv, Tensor x, List<Tensor> tensors) {
        Border border = Border.of(conv, x);
        Tensor input = border.isSymmetric() ? x : border.pad(x, 0);
        long[] padding = border.isSymmetric() ? border.symmetric() : ZERO;
        return torch.conv2d(
                low(input),
                low(tensors.get(0)),
                bias(conv.bias(), tensors),
                array(conv.stride()),
                padding,
                ONE,
                conv.groups());
    }

    private static Tensor maxPool(LayerSpec.MaxPool pool, Tensor x) {
        Border border = Border.of(pool, x);
        Tensor input = border.isSymmetric() ? x : border.pad(x, Double.NEGATIVE_INFINITY);
        long[] padding = border.isSymmetric() ? border.symmetric() : ZERO;
        return torch.max_pool2d(input, array(pool.kernel()), array(pool.stride()), padding, ONE, false);
    }

    /** Padding is left out of the mean. */
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
        return HostMemory.tensorOf(random.dropoutMask(Math.toIntExact(x.numel()), rate))
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
