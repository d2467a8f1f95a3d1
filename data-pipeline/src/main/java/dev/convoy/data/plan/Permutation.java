package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;

/**
 * A random-looking order of {@code 0 .. size - 1} that takes no memory and can be entered anywhere, forwards and
 * backwards: a balanced Feistel network over the next power of four, walked along its cycle until it falls inside
 * the range (J. Black and P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
 */
public final class Permutation {
    private static final int ROUNDS = 6;

    private final long size;
    private final int halfBits;
    private final long halfMask;
    private final CounterRandom random;

    public Permutation(long size, CounterRandom random) {
        if (size < 1) {
            throw new IllegalArgumentException("Cannot permute " + size + " elements; at least 1 is needed");
        }
        this.size = size;
        this.halfBits = Math.max(1, (64 - Long.numberOfLeadingZeros(size - 1) + 1) / 2);
        this.halfMask = (1L << halfBits) - 1;
        this.random = random;
    }

    /**
     * Finds the element at a position.
     *
     * @throws IllegalArgumentException unless it is one of {@code 0 .. size - 1}
     */
    public long apply(long position) {
        long x = checked(position);
        do {
            x = forwards(x);
        } while (x >= size);
        return x;
    }

    /**
     * Finds the position of an element.
     *
     * @throws IllegalArgumentException unless it is one of {@code 0 .. size - 1}
     */
    public long invert(long element) {
        long x = checked(element);
        do {
            x = backwards(x);
        } while (x >= size);
        return x;
    }

    /** Refuses positions outside of the range, from which the walk along the cycle might never come into it. */
    private long checked(long x) {
        if (x < 0 || x >= size) {
            throw new IllegalArgumentException("Cannot permute " + x + "; allowed are 0 to " + (size - 1));
        }
        return x;
    }

    private long forwards(long x) {
        long left = x >>> halfBits;
        long right = x & halfMask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ scramble(round, right);
            left = right;
            right = next;
        }
        return (left << halfBits) | right;
    }

    private long backwards(long x) {
        long left = x >>> halfBits;
        long right = x & halfMask;
        for (int round = ROUNDS - 1; round >= 0; round--) {
            long previous = right ^ scramble(round, left);
            right = left;
            left = previous;
        }
        return (left << halfBits) | right;
    }

    private long scramble(int round, long half) {
        return random.bits(((long) round << 32) ^ half) & halfMask;
    }
}
