package dev.convoy.model.backend.torch;

import dev.convoy.model.Vector;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A {@link Vector} in a flat tensor; whoever made the tensor frees it. */
final class TorchVector implements Vector {
    private final Tensor tensor;
    private final int length;

    TorchVector(int length) {
        this.tensor = torch.zeros(length);
        this.length = length;
    }

    Tensor tensor() {
        return tensor;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public TorchVector set(float[] values) {
        if (values.length != length) {
            throw new IllegalArgumentException(
                    "Cannot fill a vector of " + length + " from an array of " + values.length);
        }
        // An empty tensor has no memory.
        if (length > 0) {
            try (PointerScope scope = new PointerScope()) {
                new FloatPointer(tensor.data_ptr()).put(values);
            }
        }
        return this;
    }

    @Override
    public float[] toArray() {
        float[] values = new float[length];
        if (length > 0) {
            try (PointerScope scope = new PointerScope()) {
                new FloatPointer(tensor.data_ptr()).get(values);
            }
        }
        return values;
    }

    @Override
    public TorchVector scale(float factor) {
        try (PointerScope scope = new PointerScope()) {
            tensor.mul_(new Scalar(factor));
        }
        return this;
    }

    @Override
    public TorchVector add(float factor, Vector x) {
        try (PointerScope scope = new PointerScope()) {
            tensor.add_(tensorOf(x), new Scalar(factor));
        }
        return this;
    }

    @Override
    public TorchVector addProduct(float factor, Vector x, Vector y) {
        try (PointerScope scope = new PointerScope()) {
            tensor.addcmul_(tensorOf(x), tensorOf(y), new Scalar(factor));
        }
        return this;
    }

    @Override
    public TorchVector addOverRoot(float factor, Vector x, float scale, Vector y, float eps) {
        try (PointerScope scope = new PointerScope()) {
            Tensor root = tensorOf(y).mul(new Scalar(scale)).sqrt_().add_(new Scalar(eps));
            tensor.addcdiv_(tensorOf(x), root, new Scalar(factor));
        }
        return this;
    }

    private static Tensor tensorOf(Vector vector) {
        return ((TorchVector) vector).tensor;
    }
}
