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
        double[] sums = new double[4];
        for (int i = 0; i < values.length; i++) {
            sums[i & 3] += (double) values[i] * values[i];
        }
        return Math.sqrt(sums[0] + sums[1] + (sums[2] + sums[3]));
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
