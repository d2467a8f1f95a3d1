package dev.convoy.model;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ObjIntConsumer;

/** A {@link Vector} in a Java array. */
public final class HeapVector implements Vector {
    private final float[] values;
    private final int from;
    private final int length;

    /** A vector of zeros. */
    public HeapVector(int length) {
        this(new float[length]);
    }

    private HeapVector(float[] values) {
        this(values, 0, values.length);
    }

    private HeapVector(float[] values, int from, int length) {
        this.values = values;
        this.from = from;
        this.length = length;
    }

    /** A vector that reads and writes this array. */
    public static HeapVector over(float[] values) {
        return new HeapVector(values);
    }

    /** A vector that reads and writes a part of this array. */
    public static HeapVector over(float[] values, int from, int length) {
        return new HeapVector(values, from, length);
    }

    /** The array itself, not a copy; of a whole vector only. */
    public float[] values() {
        if (length != values.length) {
            throw new IllegalStateException("A piece of a vector has no array of its own");
        }
        return values;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public HeapVector set(float[] source) {
        return set(over(source));
    }

    @Override
    public HeapVector set(float factor, FloatBuffer source) {
        source.get(source.position(), values, from, length);
        return scale(factor);
    }

    @Override
    public HeapVector set(Vector x) {
        HeapVector other = checked(x);
        System.arraycopy(other.values, other.from, values, from, length);
        return this;
    }

    @Override
    public float[] toArray() {
        return Arrays.copyOfRange(values, from, from + length);
    }

    @Override
    public void get(int first, int count, FloatBuffer target) {
        target.put(target.position(), values, from + first, count);
    }

    @Override
    public double norm() {
        // Four sums side by side, since each addition waits for the one before.
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        int end = from + length;
        for (; i + 3 < end; i += 4) {
            a += (double) values[i] * values[i];
            b += (double) values[i + 1] * values[i + 1];
            c += (double) values[i + 2] * values[i + 2];
            d += (double) values[i + 3] * values[i + 3];
        }
        a += i < end ? (double) values[i] * values[i] : 0;
        b += i + 1 < end ? (double) values[i + 1] * values[i + 1] : 0;
        c += i + 2 < end ? (double) values[i + 2] * values[i + 2] : 0;
        return Math.sqrt(a + b + (c + d));
    }

    @Override
    public HeapVector scale(float factor) {
        for (int i = from; i < from + length; i++) {
            values[i] *= factor;
        }
        return this;
    }

    @Override
    public HeapVector add(float factor, Vector x) {
        HeapVector xs = checked(x);
        for (int i = 0; i < length; i++) {
            values[from + i] += factor * xs.values[xs.from + i];
        }
        return this;
    }

    @Override
    public HeapVector addProduct(float factor, Vector x, Vector y) {
        HeapVector xs = checked(x);
        HeapVector ys = checked(y);
        for (int i = 0; i < length; i++) {
            values[from + i] += factor * xs.values[xs.from + i] * ys.values[ys.from + i];
        }
        return this;
    }

    @Override
    public HeapVector addOverRoot(float factor, Vector x, float scale, Vector y, float eps) {
        HeapVector xs = checked(x);
        HeapVector ys = checked(y);
        for (int i = 0; i < length; i++) {
            float root = (float) Math.sqrt(scale * ys.values[ys.from + i]);
            values[from + i] += factor * xs.values[xs.from + i] / (root + eps);
        }
        return this;
    }

    @Override
    public int tileLength() {
        return Math.min(TILE, length);
    }

    @Override
    public void forEachTile(List<Vector> others, List<Vector> scratch, ObjIntConsumer<List<Vector>> use) {
        for (int first = 0; first < length; first += TILE) {
            int count = Math.min(TILE, length - first);
            List<Vector> pieces = new ArrayList<>();
            pieces.add(piece(first, count));
            for (Vector other : others) {
                pieces.add(checked(other).piece(first, count));
            }
            for (Vector other : scratch) {
                pieces.add(((HeapVector) other).piece(0, count));
            }
            use.accept(pieces, first);
        }
    }

    private HeapVector piece(int first, int count) {
        return new HeapVector(values, from + first, count);
    }

    /** Whether every value is finite. */
    public boolean isFinite() {
        // Squares of floats, added in double precision, do not overflow.
        return Double.isFinite(norm());
    }

    private HeapVector checked(Vector other) {
        if (other.length() != length) {
            throw new IllegalArgumentException(
                    "Cannot combine vectors of " + length + " and " + other.length() + " values");
        }
        return (HeapVector) other;
    }
}
