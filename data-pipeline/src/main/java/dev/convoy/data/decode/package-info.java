/**
 * From the bytes of an image file to pixels of one shape. Knows formats and their traps, and neither where files lie
 * nor who needs them.
 */
package dev.convoy.data.decode;
