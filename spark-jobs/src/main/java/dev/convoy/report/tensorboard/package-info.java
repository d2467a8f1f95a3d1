/** Files that TensorBoard reads. */
package dev.convoy.report.tensorboard;
