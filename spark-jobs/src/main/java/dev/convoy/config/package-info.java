/**
 * From HOCON files to the records of a job, and from errors of the rooms below to keys and lines. Runs nothing and writes no files.
 */
package dev.convoy.config;
