package dev.convoy.data.augment;

import java.io.Serializable;

/**
 * A random change of training images. Ranges are symmetric: a value {@code v} draws from {@code -v} to {@code v}, a factor
 * from {@code 1 - v} to {@code 1 + v}. What is not set has its default.
 */
public sealed interface ImageTransform extends Serializable
        permits GeometricTransform, PixelTransform, MixingTransform {}
