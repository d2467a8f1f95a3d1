package dev.convoy.model.backend.torch;

import dev.convoy.data.CounterRandom;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** {@link CounterRandom#dropoutMask} where the tensors are, the same to the bit: nothing but the key goes to a device. */
final class DropoutMask {
    private static final long WORD = 0xFFFFFFFFL;

    private DropoutMask() {}

    /** Draws on a device, by the heap where that is the same memory, since it is several times as fast there. */
    static Tensor of(CounterRandom random, int length, double rate, Device device) {
        return device.is_cpu()
                ? HostMemory.tensorOf(random.dropoutMask(length, rate))
                : computed(random, length, rate, device);
    }

    /** Philox4x32-10 for all counters at once, each of its words in the lower half of 64 bits. */
    static Tensor computed(CounterRandom random, int length, double rate, Device device) {
        Tensor counters = torch.arange(new Scalar((length + 3L) / 4)).to(device, ScalarType.Long);
        Tensor nothing = torch.zeros_like(counters);
        Tensor[] words = {counters, nothing, nothing, nothing};
        long key0 = random.key() & WORD;
        long key1 = random.key() >>> 32;
        for (int round = 0; round < CounterRandom.ROUNDS; round++) {
            Tensor product0 = words[0].mul(new Scalar(CounterRandom.MULTIPLIER_0 & WORD));
            Tensor product1 = words[2].mul(new Scalar(CounterRandom.MULTIPLIER_1 & WORD));
            words = new Tensor[] {
                high(product1).bitwise_xor_(words[1]).bitwise_xor_(new Scalar(key0)),
                low(product1),
                high(product0).bitwise_xor_(words[3]).bitwise_xor_(new Scalar(key1)),
                low(product0)
            };
            key0 = key0 + (CounterRandom.WEYL_0 & WORD) & WORD;
            key1 = key1 + (CounterRandom.WEYL_1 & WORD) & WORD;
        }
        Tensor drawn = torch.stack(new TensorVector(words), 1).flatten().narrow(0, 0, length);
        return drawn.ge(new Scalar((long) (rate * 0x1p32))).to(ScalarType.Float).mul_(new Scalar((float)
                (1 / (1 - rate))));
    }

    private static Tensor high(Tensor product) {
        return product.bitwise_right_shift(new Scalar(32)).bitwise_and_(new Scalar(WORD));
    }

    private static Tensor low(Tensor product) {
        return product.bitwise_and(new Scalar(WORD));
    }
}
