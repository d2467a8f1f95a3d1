/**
 * The native libraries that engines need: which they are, where they are unpacked, and how they come into the process
 * without a second copy beside them. Knows neither images nor networks.
 */
package dev.convoy.data.natives;
