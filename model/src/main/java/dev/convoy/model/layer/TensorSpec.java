package dev.convoy.model.layer;

import java.util.List;
import java.util.stream.IntStream;

/**
 * One tensor of a layer.
 *
 * @param name within the layer, for example {@code weight}
 * @param shape row-major
 * @param role what training does with it
 * @param start how it starts
 */
public record TensorSpec(String name, List<Integer> shape, Role role, Start start) {
    /** What training does with a tensor. */
    public enum Role {
        /** Trained, and subject to weight decay. */
        DECAYED,
        /** Trained, without weight decay: biases, and the scale and shift of batch normalisation. */
        PLAIN,
        /** Among the parameters, but held as it is: a weight, bias, scale or shift of a frozen layer. */
        FROZEN,
        /** Not trained but measured: running statistics. */
        BUFFER
    }

    /** How a tensor starts. */
    public sealed interface Start {
        /** Starts with one value everywhere. */
        record Constant(float value) implements Start {}

        /**
         * Starts with values drawn at random.
         *
         * @param initializer null for the network's
         */
        record Random(Initializer initializer, int fanIn, int fanOut) implements Start {}
    }

    static TensorSpec weight(Initializer initializer, int fanIn, int fanOut, int... shape) {
        return new TensorSpec("weight", list(shape), Role.DECAYED, new Start.Random(initializer, fanIn, fanOut));
    }

    static TensorSpec bias(int size) {
        return constant("bias", Role.PLAIN, 0, size);
    }

    static TensorSpec constant(String name, Role role, float value, int size) {
        return new TensorSpec(name, List.of(size), role, new Start.Constant(value));
    }

    private static List<Integer> list(int... shape) {
        return IntStream.of(shape).boxed().toList();
    }

    /** Makes training hold the tensor as it is; a buffer stays a buffer. */
    public TensorSpec frozen() {
        return role == Role.BUFFER ? this : new TensorSpec(name, shape, Role.FROZEN, start);
    }

    /** The number of values. */
    public int size() {
        return shape.stream().reduce(1, Math::multiplyExact);
    }
}
