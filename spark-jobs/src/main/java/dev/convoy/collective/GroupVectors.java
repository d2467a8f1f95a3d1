package dev.convoy.collective;

import dev.convoy.collective.Collective.Shape;
import dev.convoy.data.Natives;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The vectors of the members of a group and their weighted sum, in memory that they share. Behind its floats every vector has
 * the slots of all ranks. Closing unmaps the memory.
 */
final class GroupVectors implements AutoCloseable {
    static {
        Natives.TORCH.load();
    }

    private final SharedMemory memory;
    private final int[] ranks;
    private final Shape shape;
    private final List<Tensor> vectors = new ArrayList<>();
    private final Tensor total;

    /**
     * @param memory of vectors of {@link Shape#wholeLength}; closed by this
     * @param ranks of the members
     */
    GroupVectors(SharedMemory memory, int[] ranks, Shape shape) {
        this.memory = memory;
        this.ranks = ranks;
        this.shape = shape;
        for (int i = 0; i < ranks.length; i++) {
            vectors.add(tensor(memory.vector(i)));
        }
        total = tensor(memory.total());
    }

    private static Tensor tensor(FloatBuffer mapped) {
        try (PointerScope scope = new PointerScope()) {
            return torch.from_blob(new FloatPointer(mapped), mapped.capacity()).retainReference();
        }
    }

    int members() {
        return ranks.length;
    }

    /** A member's vector, slots and all. */
    FloatBuffer vector(int member) {
        return memory.vector(member);
    }

    /** The sum, slots and all. */
    FloatBuffer total() {
        return memory.total();
    }

    /** A part of the sum, in the caller's {@link PointerScope}. */
    Tensor total(long from, long count) {
        return total.narrow(0, from, count);
    }

    /** Sets a part of the sum to the members' vectors, each times the weight in one of its rank's own slots, by rank. */
    void add(long from, long count, int weightSlot) {
        try (PointerScope scope = new PointerScope()) {
            Tensor sum = total(from, count);
            boolean empty = true;
            for (int i = 0; i < ranks.length; i++) {
                float weight = vector(i).get(shape.slotAt(ranks[i], weightSlot));
                if (weight > 0) {
                    Tensor vector = vectors.get(i).narrow(0, from, count);
                    if (empty) {
                        // A factor that is a tensor, since libtorch would go over memory twice for a plain one.
                        torch.mul_out(sum, vector, torch.scalar_tensor(new Scalar(weight)));
                    } else {
                        sum.add_(vector, new Scalar(weight));
                    }
                    empty = false;
                }
            }
            if (empty) {
                sum.zero_();
            }
        }
    }

    @Override
    public void close() {
        total.releaseReference();
        vectors.forEach(Tensor::releaseReference);
        memory.close();
    }
}
