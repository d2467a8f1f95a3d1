package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.config.RetrainConfig;
import dev.convoy.data.Printable;
import dev.convoy.drift.Drift;
import dev.convoy.drift.Finding;
import dev.convoy.drift.ImageSetProfile;
import dev.convoy.retrain.Decision;
import dev.convoy.retrain.Manifest;
import dev.convoy.retrain.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Whether a night has images that are new, and such that a model should learn from them. */
final class NightChecks {
    private static final Set<String> OF_CLASSES = Set.of("class shares", "vanished class", "new class");

    private final RetrainConfig limits;
    private final RetrainJob.Options options;
    private final boolean newHoldOut;

    /**
     * @param newHoldOut whether somebody has said yes, tonight or before, to images that have changed sides
     */
    NightChecks(JobConfig job, RetrainJob.Options options, boolean newHoldOut) {
        this.limits = job.retrain();
        this.options = options;
        this.newHoldOut = newHoldOut;
    }

    /**
     * Looks at the images.
     *
     * @param report is told what is found
     * @return how the night ends now; empty if it goes on
     */
    Optional<Decision> refuse(NightReport report, NightImages images, Optional<Champion> champion) {
        Optional<String> classes = champion.flatMap(now -> changedClasses(images.manifest(), now));
        if (classes.isPresent()) {
            report.find(classes.get());
            if (!options.acceptNewClasses()) {
                return Optional.of(report.end(
                        Outcome.CLASSES_CHANGED,
                        "classes have changed: " + classes.get()
                                + "; say yes with --accept-new-classes, or mend data.train"));
            }
        }
        Manifest.Change change = report.images().change();
        boolean worthIt =
                change == null || change.added() >= limits.minNewExamples() || classes.isPresent() || newHoldOut;
        if (!worthIt) {
            return Optional.of(report.end(
                    Outcome.NOOP,
                    String.format(
                            Locale.ROOT,
                            "nothing to do: %,d new images, and retrain.min-new-examples = %,d",
                            change.added(),
                            limits.minNewExamples())));
        }
        List<String> faults = faults(images, report.images());
        faults.addAll(drift(report, images, champion, classes.isPresent()));
        return faults.isEmpty()
                ? Optional.empty()
                : Optional.of(report.end(Outcome.INVALID_DATA, "invalid data: " + String.join("; ", faults)));
    }

    private static Optional<String> changedClasses(Manifest tonight, Champion champion) {
        // Of a class without images nobody can tell whether it has come or gone.
        Set<String> before = champion.manifest()
                .map(NightChecks::trained)
                .orElseGet(() -> new TreeSet<>(champion.version().info().classNames()));
        Set<String> now = trained(tonight);
        Set<String> come = new TreeSet<>(now);
        come.removeAll(before);
        Set<String> gone = new TreeSet<>(before);
        gone.removeAll(now);
        List<String> parts = new ArrayList<>();
        if (!come.isEmpty()) {
            parts.add("new are " + Printable.of(come.toString()));
        }
        if (!gone.isEmpty()) {
            parts.add("gone are " + Printable.of(gone.toString()));
        }
        return parts.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", parts));
    }

    private static Set<String> trained(Manifest manifest) {
        return manifest.perClass(false).entrySet().stream()
                .filter(count -> count.getValue() > 0)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private List<String> faults(NightImages images, Decision.Images counts) {
        List<String> faults = new ArrayList<>();
        images.unusable().ifPresent(faults::add);
        if (images.heldOut().isEmpty()) {
            faults.add("no image is left to compare models on; see data.split or data.test");
        }
        if (counts.leaked() > limits.maxLeaked()) {
            faults.add(String.format(
                    Locale.ROOT,
                    "%,d images of the hold-out are trained on too, more than retrain.max-leaked = %d; take them out of"
                            + " one of the two",
                    counts.leaked(),
                    limits.maxLeaked()));
        }
        double share = (double) counts.copies() / (counts.trained() + counts.heldOut());
        if (share > limits.maxCopies()) {
            faults.add(String.format(
                    Locale.ROOT,
                    "%,d images, a share of %.3f, are copies of others, more than retrain.max-copies = %s",
                    counts.copies(),
                    share,
                    limits.maxCopies()));
        }
        Manifest.Change change = counts.change();
        if (change != null && change.hasSwitchedSides() && !newHoldOut) {
            faults.add(String.format(
                    Locale.ROOT,
                    "%,d images that the champion was compared on are trained on now, and %,d that it was trained on are"
                            + " held out; put them back, or begin a new hold-out with --new-hold-out",
                    change.toTraining(),
                    change.toHeldOut()));
        }
        return faults;
    }

    /**
     * Compares with the champion's images.
     *
     * @param otherClasses whether somebody has said yes to other classes, and so to other shares of them
     * @return what is to be stopped for
     */
    private List<String> drift(
            NightReport report, NightImages images, Optional<Champion> champion, boolean otherClasses) {
        Optional<ImageSetProfile> before = champion.flatMap(Champion::profile);
        if (before.isEmpty()) {
            return List.of();
        }
        List<Finding> all = new ArrayList<>(
                Drift.compare(before.get(), images.profile(), limits.drift()).findings());
        List<String> alarms = new ArrayList<>();
        judge(report, all, "", otherClasses, alarms);
        // In a folder that grows most images are the champion's own, among which others would go unnoticed.
        Optional<ImageSetProfile> added = images.profileOfNew(champion.get());
        if (added.isPresent()) {
            List<Finding> pixels = Drift.compare(before.get(), added.get(), limits.drift()).findings().stream()
                    .filter(finding -> finding.what().matches("(brightness|contrast|channels).*"))
                    .toList();
            judge(report, pixels, "of the new images, ", otherClasses, alarms);
        }
        if (!alarms.isEmpty()) {
            alarms.add("say yes with --accept-drift if it is meant to be so");
        }
        return alarms;
    }

    private void judge(NightReport report, List<Finding> found, String of, boolean otherClasses, List<String> alarms) {
        for (Finding finding : found) {
            boolean expected = otherClasses && OF_CLASSES.contains(finding.what());
            if (finding.severity() != Finding.Severity.NOTE && !expected) {
                report.find(of + finding.sentence());
            }
            if (finding.severity() == Finding.Severity.ALARM && !expected && !options.acceptDrift()) {
                alarms.add(of + finding.sentence());
            }
        }
    }
}
