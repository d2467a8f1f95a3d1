/**
 * Where labelled images come from: folders, lists, IDX, CIFAR, Parquet and prepared sets. Sources list images on the
 * driver and read their bytes in tasks; what is in the bytes is the business of {@code data.decode}.
 */
package dev.convoy.data.source;
