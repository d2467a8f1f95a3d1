package dev.convoy.collective;

/** The format in which floats travel between processes. */
public enum Compression {
    /** Single precision, 4 bytes; nothing is lost. */
    NONE,
    /**
     * bfloat16, 2 bytes, of which 8 bits are mantissa. Values are rounded to the nearest, ties to even, and added in
     * single precision. What rounding loses is not added to a later sum.
     */
    BF16
}
