package dev.convoy.model.backend.torch;

import dev.convoy.model.Vector;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjIntConsumer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A {@link Vector} in a flat tensor; whoever made the tensor frees it. */
final class TorchVector implements Vector {
    private final Tensor tensor;
    private final int length;

    TorchVector(int length, Device device) {
        this(torch.zeros(length).to(device, ScalarType.Float), length);
    }

    /** A vector over a tensor. */
    TorchVector(Tensor tensor, int length) {
        this.tensor = tensor;
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
        try (PointerScope scope = new PointerScope()) {
            HostMemory.write(values, tensor);
        }
        return this;
    }

    @Override
    public TorchVector set(float factor, FloatBuffer values) {
        if (length == 0) {
            return this;
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor source = torch.from_blob(new FloatPointer(values.slice()), length);
            // A factor that is a tensor, since libtorch would go over memory twice for a plain one.
            torch.mul_out(
                    tensor, source.to(tensor.device(), ScalarType.Float), torch.scalar_tensor(new Scalar(factor)));
        }
        return this;
    }

    @Override
    public TorchVector set(Vector x) {
        try (PointerScope scope = new PointerScope()) {
            tensor.copy_(tensorOf(x));
        }
        return this;
    }

    @Override
    public void get(int from, int count, FloatBuffer target) {
        if (count == 0) {
            return;
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor host = HostMemory.toHost(tensor.narrow(0, from, count));
            FloatBuffer memory =
                    new FloatPointer(host.data_ptr()).capacity(count).asBuffer();
            target.put(target.position(), memory, 0, count);
        }
    }

    @Override
    public double norm() {
        try (PointerScope scope = new PointerScope()) {
            return HostMemory.readOne(tensor.norm());
        }
    }

    @Override
    public float[] toArray() {
        try (PointerScope scope = new PointerScope()) {
            return HostMemory.read(tensor);
        }
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

    @Override
    public int tileLength() {
        // A GPU has no such cache, and would be told to do many small things.
        return tensor.is_cpu() ? Math.min(TILE, length) : length;
    }

    @Override
    public void forEachTile(List<Vector> others, List<Vector> scratch, ObjIntConsumer<List<Vector>> use) {
        int most = tileLength();
        for (int first = 0; first < length; first += most) {
            int count = Math.min(most, length - first);
            try (PointerScope scope = new PointerScope()) {
                List<Vector> pieces = new ArrayList<>();
                pieces.add(piece(tensor, first, count));
                for (Vector other : others) {
                    pieces.add(piece(tensorOf(other), first, count));
                }
                for (Vector other : scratch) {
                    pieces.add(piece(tensorOf(other), 0, count));
                }
                use.accept(pieces, first);
            }
        }
    }

    private static TorchVector piece(Tensor whole, int first, int count) {
        return new TorchVector(whole.narrow(0, first, count), count);
    }

    private static Tensor tensorOf(Vector vector) {
        return ((TorchVector) vector).tensor;
    }
}
