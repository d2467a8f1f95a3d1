package dev.convoy.train.rounds;

import java.io.Serializable;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the tasks of one round leave for the driver in local mode, where both are threads of one process: only a number is serialised, and
 * vectors are handed over without a copy. A task that is repeated leaves its vector again.
 */
record LocalVectors(long round) implements Serializable, AutoCloseable {
    private static final Map<Long, Map<Integer, float[]>> VECTORS = new ConcurrentHashMap<>();
    private static final AtomicLong ROUNDS = new AtomicLong();

    /** Takes no vectors: elsewhere than in local mode they travel. */
    static final LocalVectors NONE = new LocalVectors(0);

    static LocalVectors open() {
        LocalVectors vectors = new LocalVectors(ROUNDS.incrementAndGet());
        VECTORS.put(vectors.round, new ConcurrentHashMap<>());
        return vectors;
    }

    /**
     * Leaves a rank's vector, which can be had until this is closed; gives what is to travel instead.
     *
     * @throws CancellationException if it has been closed
     */
    Payload put(int rank, Payload vector) {
        if (equals(NONE)) {
            return vector;
        }
        Map<Integer, float[]> ofRound = VECTORS.get(round);
        if (ofRound == null) {
            throw new CancellationException("The round has gone on without this worker");
        }
        ofRound.put(rank, vector.floats());
        return new Payload.Local(this, rank);
    }

    float[] of(int rank) {
        return VECTORS.get(round).get(rank);
    }

    @Override
    public void close() {
        VECTORS.remove(round);
    }
}
