package dev.convoy.drift;

import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Printable;
import dev.convoy.drift.Finding.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Compares tonight's images with those that the champion was trained on, by size of effect. */
public final class Drift {
    private final ImageSetProfile reference;
    private final ImageSetProfile tonight;
    private final DriftPolicy policy;
    private final List<Finding> findings = new ArrayList<>();

    private Drift(ImageSetProfile reference, ImageSetProfile tonight, DriftPolicy policy) {
        this.reference = reference;
        this.tonight = tonight;
        this.policy = policy;
    }

    /**
     * Compares two sets of images.
     *
     * @param reference what the champion was trained on, at least one image
     * @param tonight what there is now, at least one image
     * @throws InvalidValueException if one of them has no images
     */
    public static DriftReport compare(ImageSetProfile reference, ImageSetProfile tonight, DriftPolicy policy) {
        checkImages("reference", reference);
        checkImages("tonight", tonight);
        Drift drift = new Drift(reference, tonight, policy);
        drift.classes();
        drift.channels();
        drift.files("sizes", ImageSetProfile::sizes, SizeCounts.OTHER);
        drift.files("formats", ImageSetProfile::formats, SizeCounts.OTHER);
        drift.rises();
        List<String> vanished = onlyIn(reference, tonight);
        List<String> added = onlyIn(tonight, reference);
        vanished.forEach(name -> drift.lack(name, reference, tonight, "vanished class", "is gone"));
        added.forEach(name -> drift.lack(name, tonight, reference, "new class", "is new"));
        return new DriftReport(drift.findings, vanished, added);
    }

    private static void checkImages(String property, ImageSetProfile profile) {
        if (profile.images() == 0) {
            throw new InvalidValueException(property, "0 images", "there must be at least one to compare");
        }
    }

    private static List<String> onlyIn(ImageSetProfile one, ImageSetProfile other) {
        return one.classes().entrySet().stream()
                .filter(entry -> entry.getValue() > 0 && other.classes().getOrDefault(entry.getKey(), 0L) == 0)
                .map(Map.Entry::getKey)
                .toList();
    }

    private void classes() {
        Effect effect = TotalVariation.between(reference.classes(), tonight.classes());
        Severity severity = effect.severity(policy.classShift(), policy.standardErrors());
        String sentence =
                sharesSentence("class shares", effect, policy.classShift(), reference.classes(), tonight.classes());
        add("class shares", effect, policy.classShift(), severity, sentence);
    }

    private void channels() {
        int before = reference.channels().size();
        int now = tonight.channels().size();
        if (before != now) {
            String sentence = "images have " + now + " channels, and had " + before;
            add("channels", new Effect(Math.abs(now - before), 0, 0), 1, Severity.ALARM, sentence);
            return;
        }
        for (int i = 0; i < now; i++) {
            ImageSetProfile.Channel first = reference.channels().get(i);
            ImageSetProfile.Channel second = tonight.channels().get(i);
            String name = now == 1 ? "" : " of channel " + i;
            shift("brightness" + name, first.brightness(), second.brightness());
            shift("contrast" + name, first.contrast(), second.contrast());
        }
    }

    private void shift(String what, Moments before, Moments now) {
        Effect effect = MeanShift.between(before, now);
        boolean isEnough = Math.min(before.count(), now.count()) >= DriftPolicy.MIN_IMAGES;
        boolean isSure = isEnough && effect.isMoreThanChance(policy.standardErrors());
        String sentence = DriftSentences.shift(what, effect, before, now);
        if (!isSure) {
            sentence +=
                    DriftSentences.chance(effect.smallestTold(policy.standardErrors()), policy.channelShift(), true);
        }
        Severity severity = effect.severity(policy.channelShift(), policy.standardErrors(), isSure);
        add(what, effect, policy.channelShift(), severity, sentence);
    }

    private void files(String what, Function<ImageSetProfile, Map<String, Long>> table, String other) {
        Map<String, Long> before = TotalVariation.pooled(table.apply(reference), table.apply(tonight), other);
        Map<String, Long> now = TotalVariation.pooled(table.apply(tonight), table.apply(reference), other);
        if (TotalVariation.sum(before) == 0 || TotalVariation.sum(now) == 0) {
            return;
        }
        Effect effect = TotalVariation.between(before, now);
        Severity severity = effect.severity(policy.fileShift(), policy.standardErrors());
        String sentence = sharesSentence("shares of " + what, effect, policy.fileShift(), before, now);
        add(what, effect, policy.fileShift(), severity == Severity.ALARM ? Severity.WARN : severity, sentence);
    }

    private String sharesSentence(
            String what, Effect effect, double limit, Map<String, Long> before, Map<String, Long> now) {
        String shift = DriftSentences.shares(what, effect);
        return shift
                + (effect.isMoreThanChance(policy.standardErrors())
                        ? DriftSentences.mostMoved(before, now)
                        : DriftSentences.chance(effect.smallestTold(policy.standardErrors()), limit, false));
    }

    private void rises() {
        rise(
                "rejected files",
                new Shares(
                        reference.rejected(),
                        reference.rejected() + reference.images(),
                        tonight.rejected(),
                        tonight.rejected() + tonight.images()),
                policy.rejectedRise());
        rise(
                "copies",
                new Shares(reference.copies(), reference.images(), tonight.copies(), tonight.images()),
                policy.copiesRise());
    }

    private void rise(String what, Shares shares, double limit) {
        Effect effect = shares.rise();
        Severity severity =
                effect.severity(limit, policy.standardErrors(), shares.isMoreThanChance(policy.standardErrors()));
        add(what, effect, limit, severity, DriftSentences.rise(what, shares));
    }

    /** A class that one of the sets has no image of, which may be chance if the other has few, too. */
    private void lack(String name, ImageSetProfile has, ImageSetProfile lacks, String what, String state) {
        Shares shares = new Shares(0, lacks.images(), has.classes().get(name), has.images());
        boolean isSure = shares.isMoreThanChance(policy.standardErrors());
        String sentence = "class " + Printable.of(name) + " " + state + ": " + DriftSentences.lack(shares)
                + (isSure ? "" : ", which may be chance");
        add(what, shares.rise(), 0, isSure ? Severity.ALARM : Severity.NOTE, sentence);
    }

    private void add(String what, Effect effect, double limit, Severity severity, String sentence) {
        findings.add(Finding.of(what, effect, limit, policy.standardErrors(), severity, sentence));
    }
}
