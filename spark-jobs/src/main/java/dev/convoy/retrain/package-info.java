/**
 * What a night of retraining decides by: which images there are, what they are good for, what becomes of the models. Knows neither Spark nor
 * where things lie.
 */
package dev.convoy.retrain;
