package dev.convoy.data;

/**
 * Convoy's own random numbers: a pure function of a key and a counter, so that what is drawn depends only on
 * what it is for, never on threads, workers, backends or what was drawn before.
 *
 * <p>Philox4x32-10 of J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011.
 */
public final class CounterRandom {
    /** Says what numbers are drawn for. It is part of the key, so that two purposes never share a stream. */
    public enum Purpose {
        /** The deal of examples to workers. */
        LAYOUT(0),
        /** The order of a worker's examples in an epoch. */
        EPOCH_ORDER(1),
        /** The parameters that a network starts with. */
        INITIAL_WEIGHTS(2),
        /** The masks of dropout. */
        DROPOUT(3),
        /** Random changes of images. */
        AUGMENTATION(4),
        /** The order of images in a prepared set. */
        SHARDS(5);

        /** Part of the key instead of the constant's place among the others, so that constants may come and go. */
        private final int number;

        Purpose(int number) {
            this.number = number;
        }
    }

    /** Philox's constants, for whoever computes it elsewhere: factors of the first and the third word. */
    public static final int MULTIPLIER_0 = 0xD2511F53;

    public static final int MULTIPLIER_1 = 0xCD9E8D57;

    /** What is added to the words of the key with every round. */
    public static final int WEYL_0 = 0x9E3779B9;

    public static final int WEYL_1 = 0xBB67AE85;

    /** The number of rounds. */
    public static final int ROUNDS = 10;

    private final long key;

    private CounterRandom(long key) {
        this.key = key;
    }

    /**
     * Makes the stream of a combination of seed, purpose and coordinates. Different combinations have independent
     * streams.
     *
     * @param coordinates whatever tells one use from another, for example epoch and worker
     */
    public static CounterRandom of(long seed, Purpose purpose, long... coordinates) {
        long key = mix(seed + mix(purpose.number + 1L));
        for (long coordinate : coordinates) {
            key = mix(key + 0x9E3779B97F4A7C15L + mix(coordinate));
        }
        return new CounterRandom(key);
    }

    /** Philox's key, its first word in the lower half. */
    public long key() {
        return key;
    }

    static CounterRandom withKey(long key) {
        return new CounterRandom(key);
    }

    /** Draws 64 uniform bits for a counter. */
    public long bits(long counter) {
        int[] words = new int[4];
        draw(counter, words);
        return ((long) words[1] << 32) | (words[0] & 0xFFFFFFFFL);
    }

    /** Draws four words of 32 uniform bits for a counter. */
    void draw(long counter, int[] words) {
        int c0 = (int) counter;
        int c1 = (int) (counter >>> 32);
        int c2 = 0;
        int c3 = 0;
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
            long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        words[0] = c0;
        words[1] = c1;
        words[2] = c2;
        words[3] = c3;
    }

    /** Draws a number from the uniform distribution over [0, 1), with 53 random bits. */
    public double uniform(long counter) {
        return (bits(counter) >>> 11) * 0x1p-53;
    }

    /**
     * Draws from the standard normal distribution, by Box and Muller; takes the counters {@code 2 * counter} and the
     * next.
     */
    public double normal(long counter) {
        double radius = Math.sqrt(-2 * Math.log(1 - uniform(2 * counter)));
        return radius * Math.cos(2 * Math.PI * uniform(2 * counter + 1));
    }

    /**
     * Draws a mask for dropout: element {@code i} is 0 where word {@code i % 4} of counter {@code i / 4}, as a fraction of 2^32, is below
     * the rate, else {@code 1 / (1 - rate)}.
     *
     * @param rate at least 0 and below 1
     */
    public float[] dropoutMask(int length, double rate) {
        float[] mask = new float[length];
        float kept = (float) (1 / (1 - rate));
        long bound = (long) (rate * 0x1p32);
        int[] words = new int[4];
        for (int i = 0; i < length; i++) {
            if (i % 4 == 0) {
                draw(i / 4, words);
            }
            mask[i] = (words[i % 4] & 0xFFFFFFFFL) < bound ? 0 : kept;
        }
        return mask;
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection that scatters nearby keys. */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
