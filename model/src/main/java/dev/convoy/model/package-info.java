/** A network with its shapes, its flat vectors and their layout, and what it makes of outputs. Knows no engine, no optimizer and no files. */
package dev.convoy.model;
