/** Files on any Hadoop file system that are there whole or not at all. Knows nothing of what is in them. */
package dev.convoy.storage;
