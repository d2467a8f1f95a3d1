/** How fast images are decoded, read and prepared. */
package dev.convoy.benchmarks.data;
