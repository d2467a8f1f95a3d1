package dev.convoy.train.rounds;

import java.util.ArrayDeque;
import java.util.Deque;

/** Arrays of one length that are used again, so that rounds leave no garbage of the size of weights. */
final class VectorPool {
    private final int length;
    private final Deque<float[]> idle = new ArrayDeque<>();
    private int lent;

    VectorPool(int length) {
        this.length = length;
    }

    /** Lends an array; what it holds nobody knows. One that never comes back is the collector's. */
    synchronized float[] lend() {
        lent++;
        return idle.isEmpty() ? new float[length] : idle.pop();
    }

    /** Takes an array that nobody reads any more; does nothing if none was lent, since then it came from elsewhere. */
    synchronized void giveBack(float[] values) {
        if (lent > 0) {
            lent--;
            idle.push(values);
        }
    }
}
