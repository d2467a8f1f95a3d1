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
 * ranks. The total lacks as many at its beginning as are deferred: these are added up when they are read.
 */
final class GroupVectors implements AutoCloseable {
    /** Which of a rank's slots holds its weight. */
    static final int WEIGHT = 0;

    private final SharedMemory memory;
    private final int[] ranks;
    private final int deferred;
    private final CollectiveShape shape;
    private final List<Tensor> vectors = new ArrayList<>();
    private final Tensor total;
    /** Where deferred floats are added up. */
    private final Tensor piece;

    private final FloatBuffer pieceBuffer;

    /**
     * @param memory of vectors of {@link CollectiveShape#wholeLength} floats
     * @param ranks all ranks of the group, ascending
     * @param deferred how many floats the total lacks at its beginning
     */
    GroupVectors(SharedMemory memory, int[] ranks, int deferred, CollectiveShape shape) {
        this.memory = memory;
        this.ranks = ranks;
        this.deferred = deferred;
        this.shape = shape;
        for (int groupRank = 0; groupRank < ranks.length; groupRank++) {
            vectors.add(tensor(memory.vector(groupRank)));
        }
        total = tensor(total());
        try (PointerScope scope = new PointerScope()) {
            piece = torch.empty(Vector.TILE).retainReference();
            pieceBuffer =
                    new FloatPointer(piece.data_ptr()).capacity(Vector.TILE).asBuffer();
        }
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

    private FloatBuffer total() {
        return memory.vector(ranks.length);
    }

    /**
     * A piece of the total, until the next one is asked for.
     *
     * @param length {@link Vector#TILE} at most where the piece is deferred
     */
    FloatBuffer total(int offset, int length) {
        if (offset >= deferred) {
            return total().slice(offset - deferred, length);
        }
        try (PointerScope scope = new PointerScope()) {
            addUp(piece.narrow(0, 0, length), offset, length, WEIGHT);
        }
        return pieceBuffer.slice(0, length);
    }

    /** What the total says of one of a rank's slots. */
    float slot(int ofRank, int slot) {
        return total().get(shape.slotAt(ofRank, slot) - deferred);
    }

    /** Sets all slots of a rank in the total. */
    void putSlots(int ofRank, float[] values) {
        total().put(shape.slotAt(ofRank, 0) - deferred, values);
    }

    /** One of the vectors that the group's members hold together. */
    FloatBuffer held(int index) {
        return memory.vector(ranks.length + 1 + index);
    }

    /** A view of floats of the total that are not deferred; it belongs to the caller's {@link PointerScope}. */
    Tensor tensor(int offset, int length) {
        return total.narrow(0, offset - deferred, length);
    }

    /**
     * Sets floats of the total to the sum of the group's vectors, each times its weight. Vectors are
     * added in the order of ranks; one whose weight is 0 is not read.
     *
     * @param offset of the first, which is not deferred
     * @param weightSlot which of a rank's own slots holds its weight
     */
    void reduce(int offset, int count, int weightSlot) {
        // In pieces that stay in the cache, so that the sum goes to memory once.
        for (int done = 0; done < count; done += Vector.TILE) {
            try (PointerScope scope = new PointerScope()) {
                int length = Math.min(Vector.TILE, count - done);
                addUp(tensor(offset + done, length), offset + done, length, weightSlot);
            }
        }
    }

    private void addUp(Tensor sum, int offset, int count, int weightSlot) {
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

    @Override
    public void close() {
        piece.releaseReference();
        total.releaseReference();
        vectors.forEach(Tensor::releaseReference);
    }
}
