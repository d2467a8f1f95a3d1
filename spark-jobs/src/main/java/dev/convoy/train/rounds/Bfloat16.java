package dev.convoy.train.rounds;

/** The upper half of a float: 8 bits of exponent, 7 of mantissa. */
final class Bfloat16 {
    private Bfloat16() {}

    /** Rounds to the nearest, ties to even; infinities stay, a NaN stays one. */
    static short[] round(float[] values) {
        short[] bits = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = round(values[i]);
        }
        return bits;
    }

    private static short round(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    static float[] widen(short[] bits) {
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = Float.intBitsToFloat(bits[i] << 16);
        }
        return values;
    }
}
