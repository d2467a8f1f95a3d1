/**
 * Finds what would go wrong before a job does. {@link dev.convoy.doctor.ProcessFacts} are taken down in every process,
 * {@link dev.convoy.doctor.Plan} says what is to be run there, and {@link dev.convoy.doctor.Diagnosis} compares the two.
 */
package dev.convoy.doctor;
