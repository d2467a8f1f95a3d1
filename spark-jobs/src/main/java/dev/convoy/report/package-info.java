/**
 * What people see of a run. {@code events.jsonl} is the one source: while training, {@link dev.convoy.report.TrainingEvents} makes
 * {@link dev.convoy.report.Event}s of what a {@link dev.convoy.train.Trainer} tells and hands them to {@link dev.convoy.report.EventSink}s,
 * each on a thread of its own, so that none of them can hold training up. Afterwards {@link dev.convoy.report.RunHistory} reads them back.
 */
package dev.convoy.report;
