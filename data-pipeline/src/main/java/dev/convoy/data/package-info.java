/**
 * What all rooms of the data pipeline share: an image and its shape, targets, batches, chunks, random streams, errors.
 * No file formats of images, no Spark.
 */
package dev.convoy.data;
