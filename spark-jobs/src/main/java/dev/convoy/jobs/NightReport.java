package dev.convoy.jobs;

import dev.convoy.data.Printable;
import dev.convoy.gate.Verdict;
import dev.convoy.registry.ModelVersion;
import dev.convoy.retrain.Decision;
import dev.convoy.retrain.Manifest;
import dev.convoy.retrain.Outcome;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Gathers what a night finds out, so that its end tells as much as is known. */
final class NightReport {
    private final RunDirectory run;
    private final int lease;
    private final String runKey;
    private final String manifest;
    private final Decision.Images images;
    private final List<String> findings = new ArrayList<>();
    private Optional<Integer> champion;
    private Optional<Integer> version = Optional.empty();
    private Optional<Decision.GateReport> gate = Optional.empty();
    private Optional<Integer> holdOut = Optional.empty();
    private Optional<String> holdOutDefinition = Optional.empty();

    NightReport(
            RunDirectory run,
            int lease,
            NightImages images,
            String manifest,
            Optional<Champion> before,
            String runKey) {
        this.run = run;
        this.lease = lease;
        this.runKey = runKey;
        this.manifest = manifest;
        this.champion = before.map(now -> now.version().number());
        Optional<Manifest.Change> change = before.flatMap(Champion::manifest).map(images.manifest()::since);
        this.images = new Decision.Images(
                images.train().examples(),
                images.heldOutImages().size(),
                images.rejected(),
                images.manifest().copies(),
                images.manifest().leaked(),
                change.orElse(null));
    }

    String runKey() {
        return runKey;
    }

    String manifest() {
        return manifest;
    }

    Decision.Images images() {
        return images;
    }

    /** How the images differ from the champion's; empty if those are not known. */
    Optional<Manifest.Change> change() {
        return Optional.ofNullable(images.change());
    }

    Optional<Integer> champion() {
        return champion;
    }

    /** Notes something about the images. */
    void find(String finding) {
        findings.add(finding);
    }

    /**
     * Notes a verdict.
     *
     * @param by what judged
     * @param compared the champion that the challenger was compared with
     */
    void judged(Verdict verdict, NightGate by, Optional<Champion> compared) {
        gate = Optional.of(Decision.GateReport.of(verdict));
        holdOut = Optional.of(by.holdOut());
        holdOutDefinition = Optional.of(by.definition());
        champion = compared.map(now -> now.version().number());
    }

    /** Notes what the challenger has become. */
    NightReport registered(ModelVersion added) {
        version = Optional.of(added.number());
        return this;
    }

    /** A page about the challenger, for people. */
    String card(String model, Verdict verdict, List<String> classNames) {
        return String.format(
                Locale.ROOT,
                """
                # %s

                %s

                | | |
                | --- | --- |
                | trained on | %,d images |
                | compared on | %,d images, of which %.2f %% are answered rightly |
                | classes | %s |
                | list of images | %s |
                | champion before | %s |
                | run | %s |
                """,
                model,
                verdict.sentence(),
                images.trained(),
                verdict.images(),
                100 * verdict.accuracy(),
                Printable.of(String.join(", ", classNames)),
                manifest,
                champion.map(number -> "version " + number).orElse("none"),
                run);
    }

    /** What is known, with an end. */
    Decision end(Outcome outcome, String sentence) {
        return new Decision(
                Decision.FORMAT,
                outcome,
                sentence,
                runKey,
                champion.orElse(null),
                version.orElse(null),
                manifest,
                images,
                findings,
                holdOut.orElse(null),
                holdOutDefinition.orElse(null),
                gate.orElse(null),
                lease,
                run.toString(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    }
}
