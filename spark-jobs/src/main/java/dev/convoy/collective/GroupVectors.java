package dev.convoy.collective;

import dev.convoy.model.Vector;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The vectors of a group's ranks and their total, as buffers and as tensors over {@link SharedMemory}, which must stay
 * mapped until this is closed. Every vector has {@link CollectiveShape#wholeLength} floats: the caller's, then the slots of all
 * ranks.
 */
final class GroupVectors implements AutoCloseable {
    private final SharedMemory memory;
    private final int[] ranks;
    private final CollectiveShape shape;
    private final List<Tensor> vectors = new ArrayList<>();
    private final Tensor total;

    /**
     * @param memory of vectors of {@link CollectiveShape#wholeLength} floats
     * @param ranks all ranks of the group, ascending
     */
    GroupVectors(SharedMemory memory, int[] ranks, CollectiveShape shape) {
        this.memory = memory;
        this.ranks = ranks;
        this.shape = shape;
        for (int groupRank = 0; groupRank < ranks.length; groupRank++) {
            vectors.add(tensor(memory.vector(groupRank)));
        }
        total = tensor(total());
    }

    private static Tensor tensor(FloatBuffer buffer) {
        try (PointerScope scope = new PointerScope()) {
            return torch.from_blob(new FloatPointer(buffer), buffer.capacity()).retainReference();
        }
    }

    /** The vector of one rank of the group, with all slots. */
    FloatBuffer vector(int groupRank) {
        return memory.vector(groupRank);
    }

    /** The total, with all slots. */
    FloatBuffer total() {
        return memory.vector(ranks.length);
    }

    /** One of the vectors that the group's members hold together. */
    FloatBuffer held(int index) {
        return memory.vector(ranks.length + 1 + index);
    }

    /** A view of {@code count} floats of the total, which belongs to the caller's {@link PointerScope}. */
    Tensor total(long offset, long count) {
        return total.narrow(0, offset, count);
    }

    /**
     * Sets {@code count} floats of the total to the sum of the group's vectors, each times its weight. Vectors are
     * added in the order of ranks; one whose weight is 0 is not read.
     *
     * @param weightSlot which of a rank's own slots holds its weight
     */
    void reduce(long offset, long count, int weightSlot) {
        // In pieces that stay in the cache, so that the sum goes to memory once.
        for (long done = 0; done < count; done += Vector.TILE) {
            reducePiece(offset + done, Math.min(Vector.TILE, count - done), weightSlot);
        }
    }

    private void reducePiece(long offset, long count, int weightSlot) {
        try (PointerScope scope = new PointerScope()) {
            Tensor sum = total(offset, count);
            boolean empty = true;
            for (int groupRank = 0; groupRank < ranks.length; groupRank++) {
                float weight = vector(groupRank).get(shape.slotAt(ranks[groupRank], weightSlot));
                if (weight > 0) {
                    Tensor vector = vectors.get(groupRank).narrow(0, offset, count);
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
    }
}
