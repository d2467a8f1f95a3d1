/** The master whose executors go through many rounds in one barrier stage and sum among themselves. */
package dev.convoy.train.allreduce;
