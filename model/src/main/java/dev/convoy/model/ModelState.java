package dev.convoy.model;

import java.io.Serializable;

/**
 * Everything that the next round depends on, in the canonical layout of {@link ParameterLayout}. Arrays are not copied
 * and must not be changed.
 *
 * @param parameters trained values
 * @param buffers running statistics
 * @param optimizer the optimizer's memory
 * @param progress how far training has come
 */
public record ModelState(float[] parameters, float[] buffers, OptimizerState optimizer, Progress progress)
        implements Serializable {}
