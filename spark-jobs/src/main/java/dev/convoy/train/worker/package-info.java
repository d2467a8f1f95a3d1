/**
 * What one worker does between two exchanges: its batches, its steps, its contribution. How contributions meet is the masters'
 * business.
 */
package dev.convoy.train.worker;
