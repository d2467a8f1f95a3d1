/**
 * Images as RDDs: dealt to workers, cached, counted, copied. The only room of the data pipeline that knows Spark. What
 * crosses Spark's borders is arrays of bytes, in {@code ImageChunk}'s layout or of {@code ObjectBytes}.
 */
package dev.convoy.data.rdd;
