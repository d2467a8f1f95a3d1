/** What a command does from its configuration to its run directory: training, evaluation, preparation, preview, conversion. */
package dev.convoy.jobs;
