package dev.convoy.drift;

import java.util.List;

/**
 * How tonight's images differ from the reference.
 *
 * @param findings one for each respect that was looked at, whatever came of it
 * @param vanishedClasses that only the reference has images of, by name
 * @param newClasses that only tonight has images of, by name
 */
public record DriftReport(List<Finding> findings, List<String> vanishedClasses, List<String> newClasses) {
    public DriftReport {
        findings = List.copyOf(findings);
        vanishedClasses = List.copyOf(vanishedClasses);
        newClasses = List.copyOf(newClasses);
    }

    /** What is to be stopped for; empty if nothing is. */
    public List<Finding> alarms() {
        return of(Finding.Severity.ALARM);
    }

    /** The findings of one severity. */
    public List<Finding> of(Finding.Severity severity) {
        return findings.stream()
                .filter(finding -> finding.severity() == severity)
                .toList();
    }
}
