package dev.convoy.train.transport;

import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** The upper half of a float: 8 bits of exponent, 7 of mantissa. */
final class Bfloat16 {
    private Bfloat16() {}

    /** Rounds as many values as the target takes to the nearest, ties to even; infinities stay, a NaN stays one. */
    static void round(float[] values, int from, ShortBuffer target) {
        for (int i = 0; i < target.limit(); i++) {
            target.put(i, round(values[from + i]));
        }
    }

    private static short round(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /** Rounds values where they are. */
    static void round(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = widen(round(values[i]));
        }
    }

    /** Writes all of the source as floats. */
    static void widen(ShortBuffer source, FloatBuffer target) {
        for (int i = 0; i < source.limit(); i++) {
            target.put(widen(source.get(i)));
        }
    }

    private static float widen(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
