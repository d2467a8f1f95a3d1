package dev.convoy.model.backend.torch;

import dev.convoy.data.ImageShape;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.Placement.Precision;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Lets replicas of this process compute batches of a new size one at a time. oneDNN plans a convolution when it first meets its
 * shape, by sizes of caches in static fields that every plan writes anew, too large at first ({@code brg_blocking_t::L2} of 3.7). Where two
 * threads plan the same convolution at once, one may compute by the other's plan in memory of its own plan's size, which
 * ends the process, if it is noticed at all. Plans are kept, and taken without a look at those fields.
 */
final class NewShapes {
    private static final Map<Networks, Set<Shape>> KNOWN = new ConcurrentHashMap<>();

    private record Networks(NetworkSpec spec, ImageShape input, Precision precision) {}

    private record Shape(int batch, boolean isTraining) {}

    private final Set<Shape> known;

    NewShapes(Network network, Precision precision) {
        known = KNOWN.computeIfAbsent(
                new Networks(network.spec(), network.input(), precision), networks -> ConcurrentHashMap.newKeySet());
    }

    /** Whether a batch of this size was computed before. */
    boolean isKnown(int batch, boolean isTraining) {
        return known.contains(new Shape(batch, isTraining));
    }

    /**
     * Computes, alone if the size is new.
     *
     * @param work must not wait for another replica
     */
    <T> T compute(int batch, boolean isTraining, Supplier<T> work) {
        if (!isKnown(batch, isTraining)) {
            synchronized (KNOWN) {
                if (!isKnown(batch, isTraining)) {
                    T result = work.get();
                    known.add(new Shape(batch, isTraining));
                    return result;
                }
            }
        }
        return work.get();
    }
}
