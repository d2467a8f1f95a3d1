/**
 * Moments of a training on disk, from which it goes on: what they hold, how they are written, found and thinned out. Knows the training's
 * state, but neither a configuration's keys nor who trains.
 */
package dev.convoy.checkpoint;
