package dev.convoy.model.backend.torch;

import dev.convoy.model.Loss;
import java.util.function.DoubleSupplier;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A {@link Loss} where the outputs are, in double precision, so that nobody waits for a device. Temporary tensors belong to the caller's
 * scope.
 *
 * @param sum over the examples, times their weights
 * @param gradient of the mean with respect to the outputs, as they are
 */
record OutputLoss(Tensor sum, Tensor gradient) {
    /** Of each example, and its gradient with respect to the outputs, before weights. */
    private record Examples(Tensor losses, Tensor gradients) {}

    /**
     * @param outputs {@code [examples, outputs]}
     * @param targets as long
     * @param weights {@code [examples]}
     */
    static OutputLoss of(Loss loss, Tensor outputs, float[] targets, double[] weights) {
        int width = targets.length / weights.length;
        Tensor given = onHost(targets, weights, width).to(outputs.device(), ScalarType.Double);
        Tensor t = given.narrow(1, 0, width);
        Tensor w = given.narrow(1, width, 1);
        Tensor z = outputs.detach().to(ScalarType.Double);
        Examples examples =
                switch (loss) {
                    case SOFTMAX_CROSS_ENTROPY -> crossEntropy(z, t);
                    case BINARY_CROSS_ENTROPY -> binary(z, t, width);
                    case SQUARED_ERROR -> squared(z, t, width);
                };
        Tensor gradient = examples.gradients.mul_(w).div_(new Scalar((double) weights.length));
        return new OutputLoss(examples.losses.mul_(w).sum(), gradient.to(outputs));
    }

    /** Targets, and each example's weight behind its own, so that they go to a device together. */
    private static Tensor onHost(float[] targets, double[] weights, int width) {
        double[] values = new double[targets.length + weights.length];
        for (int example = 0; example < weights.length; example++) {
            for (int i = 0; i < width; i++) {
                values[example * (width + 1) + i] = targets[example * width + i];
            }
            values[example * (width + 1) + width] = weights[example];
        }
        Tensor tensor = torch.empty(
                new long[] {weights.length, width + 1},
                new TensorOptions().dtype(new ScalarTypeOptional(ScalarType.Double)),
                null);
        new DoublePointer(tensor.data_ptr()).put(values);
        return tensor;
    }

    private static Examples crossEntropy(Tensor z, Tensor t) {
        Tensor logs = z.log_softmax(1);
        return new Examples(sum(logs.mul(t)).neg_(), logs.exp_().mul_(sum(t)).sub_(t));
    }

    private static Examples binary(Tensor z, Tensor t, int width) {
        Scalar count = new Scalar((double) width);
        Tensor losses = z.clamp_min(new Scalar(0.0))
                .sub_(z.mul(t))
                .add_(z.abs().neg_().exp_().log1p_());
        return new Examples(sum(losses).div_(count), z.sigmoid().sub_(t).div_(count));
    }

    private static Examples squared(Tensor z, Tensor t, int width) {
        Tensor errors = z.sub(t);
        Scalar count = new Scalar((double) width);
        return new Examples(
                sum(errors.mul(errors)).div_(count), errors.mul(new Scalar(2.0)).div_(count));
    }

    /** Over an example's outputs. */
    private static Tensor sum(Tensor values) {
        return values.sum(new long[] {1}, true, new ScalarTypeOptional());
    }

    /** Reads the sum, later too, once. */
    DoubleSupplier read() {
        Tensor kept = sum.retainReference();
        return () -> {
            double value = HostMemory.readOne(kept);
            kept.releaseReference();
            return value;
        };
    }
}
