package dev.convoy.model;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.ObjIntConsumer;

/**
 * A vector of floats where a backend keeps it, with the few operations that optimizers need. Operations change this
 * vector, element by element, and return it. Vectors of one operation have equal lengths.
 */
public interface Vector {
    int length();

    /** Takes the values of an array of the same length. */
    Vector set(float[] values);

    /** {@code this = factor * values}, of a buffer from its position on; the position stays. */
    Vector set(float factor, FloatBuffer values);

    /** Takes the values of another vector of the same kind and length. */
    Vector set(Vector x);

    /** Copies the values into a new array. */
    float[] toArray();

    /** Copies the values into a buffer, from its position on; the position stays. */
    default void get(FloatBuffer target) {
        get(0, length(), target);
    }

    /** Copies as many values from an offset on into a buffer, from its position on; the position stays. */
    void get(int from, int count, FloatBuffer target);

    /** The Euclidean norm; not finite if a value is not. */
    double norm();

    /** {@code this = factor * this}. */
    Vector scale(float factor);

    /** {@code this = this + factor * x}. */
    Vector add(float factor, Vector x);

    /** {@code this = this + factor * x * y}. */
    Vector addProduct(float factor, Vector x, Vector y);

    /** {@code this = this + factor * x / (sqrt(scale * y) + eps)}. */
    Vector addOverRoot(float factor, Vector x, float scale, Vector y, float eps);

    /** The length of tiles where there are several. */
    int TILE = 1 << 17;

    /** How many values {@link #forEachTile} shows at a time, at most. */
    int tileLength();

    /**
     * Shows this vector, and others of its kind and length beside it, in pieces that stay in a processor's cache, so that several
     * operations on the same pieces go over memory once. Where that gains nothing, there is one piece. Operations give the
     * same bits as on whole vectors.
     *
     * @param scratch vectors of {@link #tileLength}, for what is needed with a piece only
     * @param use takes the pieces, this vector's first, then the others', then scratch of the same length, and where they begin; they
     *     read and write the vectors, and live as long as the call
     */
    void forEachTile(List<Vector> others, List<Vector> scratch, ObjIntConsumer<List<Vector>> use);
}
