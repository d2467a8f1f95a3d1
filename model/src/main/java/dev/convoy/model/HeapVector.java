package dev.convoy.model;

import java.nio.FloatBuffer;

/** A {@link Vector} in a Java array. */
public final class HeapVector implements Vector {
    private final float[] values;

    /** A vector of zeros. */
    public HeapVector(int length) {
        this(new float[length]);
    }

    private HeapVector(float[] values) {
        this.values = values;
    }

    /** A vector that reads and writes this array. */
    public static HeapVector over(float[] values) {
        return new HeapVector(values);
    }

    /** The array itself, not a copy. */
    public float[] values() {
        return values;
    }

    @Override
    public int length() {
        return values.length;
    }

    @Override
    public HeapVector set(float[] source) {
        if (source.length != values.length) {
            throw new IllegalArgumentException(
                    "Cannot fill a vector of " + values.length + " from an array of " + source.length);
        }
        System.arraycopy(source, 0, values, 0, values.length);
        return this;
    }

    @Override
    public HeapVector set(float factor, FloatBuffer source) {
        source.get(source.position(), values);
        return scale(factor);
    }

    @Override
    public HeapVector set(Vector x) {
        return set(array(x));
    }

    @Override
    public float[] toArray() {
        return values.clone();
    }

    @Override
    public void get(int from, int count, FloatBuffer target) {
        target.put(target.position(), values, from, count);
    }

    @Override
    public double norm() {
        // Four sums side by side, since each addition waits for the one before.
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < values.length; i += 4) {
            a += (double) values[i] * values[i];
            b += (double) values[i + 1] * values[i + 1];
            c += (double) values[i + 2] * values[i + 2];
            d += (double) values[i + 3] * values[i + 3];
        }
        a += i < values.length ? (double) values[i] * values[i] : 0;
        b += i + 1 < values.length ? (double) values[i + 1] * values[i + 1] : 0;
        c += i + 2 < values.length ? (double) values[i + 2] * values[i + 2] : 0;
        return Math.sqrt(a + b + (c + d));
    }

    @Override
    public HeapVector scale(float factor) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
        return this;
    }

    @Override
    public HeapVector add(float factor, Vector x) {
        float[] xs = array(x);
        for (int i = 0; i < values.length; i++) {
            values[i] += factor * xs[i];
        }
        return this;
    }

    @Override
    public HeapVector addProduct(float factor, Vector x, Vector y) {
        float[] xs = array(x);
        float[] ys = array(y);
        for (int i = 0; i < values.length; i++) {
            values[i] += factor * xs[i] * ys[i];
        }
        return this;
    }

    @Override
    public HeapVector addOverRoot(float factor, Vector x, float scale, Vector y, float eps) {
        float[] xs = array(x);
        float[] ys = array(y);
        for (int i = 0; i < values.length; i++) {
            values[i] += factor * xs[i] / ((float) Math.sqrt(scale * ys[i]) + eps);
        }
        return this;
    }

    /** Whether every value is finite. */
    public boolean isFinite() {
        // NaN and infinity survive multiplication by 0 and addition; nothing else makes them from finite values.
        float sum = 0;
        for (float value : values) {
            sum += value * 0;
        }
        return sum == 0;
    }

    private float[] array(Vector other) {
        if (other.length() != values.length) {
            throw new IllegalArgumentException(
                    "Cannot combine vectors of " + values.length + " and " + other.length() + " values");
        }
        return ((HeapVector) other).values;
    }
}
