package dev.convoy.data;

import java.io.Serializable;

/**
 * An image that could not be used.
 *
 * @param id the example id it would have had
 * @param name the file, or the file and the position in it
 * @param reason one line
 */
public record RejectedImage(long id, String name, String reason) implements Serializable {}
