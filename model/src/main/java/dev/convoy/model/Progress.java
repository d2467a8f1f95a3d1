package dev.convoy.model;

import java.io.Serializable;

/**
 * How far training has come; all counts from 0.
 *
 * @param epoch epochs completed
 * @param round rounds completed within the current epoch
 * @param globalStep steps completed; one for each global batch
 * @param examples examples trained, by all workers together
 */
public record Progress(int epoch, int round, long globalStep, long examples) implements Serializable {
    /** Nothing done yet. */
    public static final Progress START = new Progress(0, 0, 0, 0);
}
