/**
 * How states and contributions get over Spark: as blocks of bytes with nothing around them, or, in local mode, not at all. What is in
 * them is the business of others.
 */
package dev.convoy.train.transport;
