/** What one worker does between two exchanges: its batches, its steps, its contribution. */
package dev.convoy.train.worker;
