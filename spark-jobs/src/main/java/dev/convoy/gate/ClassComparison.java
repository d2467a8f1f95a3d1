package dev.convoy.gate;

/**
 * One class of a hold-out.
 *
 * @param name of the class, as it was given
 * @param change on its images
 * @param p the probability that chance makes so many of them worse
 * @param adjustedP the same after Holm's correction over the judged classes; 1 if it is not judged
 * @param judged whether it has images enough
 * @param vetoes whether it is worse by more than the margin, and by more than chance
 */
public record ClassComparison(String name, Change change, double p, double adjustedP, boolean judged, boolean vetoes) {}
