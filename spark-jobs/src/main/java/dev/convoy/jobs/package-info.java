/**
 * What a command does from its configuration to its run directory: training, evaluation, preparation, preview, conversion. Arguments
 * and the console are in {@code cli}.
 */
package dev.convoy.jobs;
