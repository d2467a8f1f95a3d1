package dev.convoy.model.backend;

import java.io.Serializable;

/**
 * Where a replica computes, and how precisely.
 *
 * @param index of the CUDA device; {@link #ANY} leaves the choice to the backend
 */
public record Placement(Device device, int index, Precision precision) implements Serializable {
    /** Stands for no device in particular. */
    public static final int ANY = -1;

    /** The CPU, in single precision. */
    public static final Placement CPU = new Placement(Device.CPU, ANY, Precision.FP32);

    /** A kind of device. */
    public enum Device {
        /** A GPU where the backend finds one that it can use, else the CPU. */
        AUTO,
        CPU,
        CUDA
    }

    /** What convolutions and dense layers compute in. Weights, gradients, statistics and losses are single precision. */
    public enum Precision {
        FP32,
        /** bfloat16: the range of single precision with 8 bits of mantissa. */
        BF16
    }

    /** Chooses one of the CUDA devices. */
    public Placement on(int cudaIndex) {
        return new Placement(device, cudaIndex, precision);
    }

    /** Computes in another precision. */
    public Placement in(Precision other) {
        return new Placement(device, index, other);
    }
}
