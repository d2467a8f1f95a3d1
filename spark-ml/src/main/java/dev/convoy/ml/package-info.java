/** Convoy as stages of Spark ML's pipelines. */
package dev.convoy.ml;
