/**
 * Files on any Hadoop file system that are there whole or not at all, and what is done before an interruption counts. Knows nothing of
 * what is in them.
 */
package dev.convoy.storage;
