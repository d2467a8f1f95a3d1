package dev.convoy.train.rounds;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Arrays of one length that are used again, so that rounds leave no garbage of the size of weights. Idle ones are the collector's if
 * memory is short.
 */
final class VectorPool {
    private final int length;
    private final Deque<SoftReference<float[]>> idle = new ArrayDeque<>();
    private int lent;

    VectorPool(int length) {
        this.length = length;
    }

    /** Lends an array; what it holds nobody knows. One that never comes back is the collector's. */
    synchronized float[] lend() {
        lent++;
        while (!idle.isEmpty()) {
            float[] values = idle.pop().get();
            if (values != null) {
                return values;
            }
        }
        return new float[length];
    }

    /** Takes an array that nobody reads any more; does nothing if none was lent, since then it came from elsewhere. */
    synchronized void giveBack(float[] values) {
        if (lent > 0) {
            lent--;
            idle.push(new SoftReference<>(values));
        }
    }
}
