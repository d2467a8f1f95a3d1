package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.config.RetrainConfig;
import dev.convoy.config.SignificantKeys;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Redaction;
import dev.convoy.data.Sha256;
import dev.convoy.doctor.ThisProcess;
import dev.convoy.gate.Verdict;
import dev.convoy.jobs.RetrainJob.Step;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.registry.AliasChange;
import dev.convoy.registry.AliasEntry;
import dev.convoy.registry.AliasLog;
import dev.convoy.registry.AliasMovedException;
import dev.convoy.registry.Fence;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.VersionDraft;
import dev.convoy.retrain.Decision;
import dev.convoy.retrain.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/** The steps of a night, under a lease. */
final class Night {
    /** How often a champion may change while one challenger is judged. */
    private static final int GATES = 5;

    private final RetrainJob.Scope scope;
    private final JobConfig job;
    private final RegisteredModel model;
    private final Fence lease;
    private final RunDirectory run;
    private final NightTraining training;

    Night(RetrainJob.Scope scope, RegisteredModel model, Fence lease, RunDirectory run, NightTraining training) {
        this.scope = scope;
        this.job = scope.job();
        this.model = model;
        this.lease = lease;
        this.run = run;
        this.training = training;
    }

    private void passed(Step step) {
        scope.observer().accept(step);
    }

    private AliasLog champion() {
        return model.alias(RegisteredModel.CHAMPION);
    }

    /** Goes from the images to a decision. */
    Decision decide() throws IOException {
        AliasLog.Reading alias = champion().read();
        if (!alias.faults().isEmpty()) {
            throw new ConvoyException(
                    "Cannot decide about " + model.name() + ": the history of its champion is damaged ("
                            + alias.faults().get(0) + "); look at scripts/convoy models verify");
        }
        Optional<Decision> unfinished = finishPromotions(alias);
        Optional<Champion> before = Champion.of(model, alias);
        NightImages images = NightImages.examine(scope.spark(), job);
        String manifest = images.manifest().hash();
        NightReport report = new NightReport(run, lease.number(), images, manifest, before, runKey(manifest, before));
        passed(Step.FREEZE);
        if (unfinished.isPresent() && unfinished.get().manifest().equals(report.manifest())) {
            // The job that promoted had no time to say so.
            return unfinished.get();
        }
        Optional<Decision> known = model.decision(report.runKey()).map(bytes -> Decision.read(bytes, report.runKey()));
        if (known.isPresent()) {
            return report.end(
                    Outcome.NOOP,
                    "nothing to do: the same images, configuration and champion were decided on before: "
                            + known.get().sentence());
        }
        NightGate gate = new NightGate(job, model, images, before, report.change(), scope.options());
        Optional<Decision> refused =
                new NightChecks(job, scope.options(), gate.isNewHoldOut()).refuse(report, images, before);
        if (refused.isPresent()) {
            return refused.get();
        }
        gate.checkComparable(before);
        passed(Step.VALIDATE);
        try (HoldOut holdOut = new HoldOut(scope.spark(), job, images.heldOut().orElseThrow())) {
            if (before.isPresent()) {
                holdOut.check(before.get().version().load());
            }
            Path challenger = new Path(training.train(report.runKey(), images, before), RunDirectory.MODEL);
            passed(Step.TRAIN);
            return judge(report, images, gate, challenger, holdOut, new Contender(alias.number(), before));
        }
    }

    /**
     * Writes the decisions of promotions whose job died before it could.
     *
     * @return that of the champion, if it is among them
     */
    private Optional<Decision> finishPromotions(AliasLog.Reading alias) throws IOException {
        Optional<Decision> ofChampion = Optional.empty();
        for (AliasEntry entry : alias.entries()) {
            if (entry.runKey() != null && model.decision(entry.runKey()).isEmpty()) {
                Optional<Decision> finished = finish(entry);
                if (alias.current().equals(Optional.of(entry))) {
                    ofChampion = finished;
                }
            }
        }
        return ofChampion;
    }

    private Optional<Decision> finish(AliasEntry entry) throws IOException {
        Optional<ModelVersion> version = model.find(entry.versionNumber().orElseThrow());
        Optional<byte[]> meant = version.isPresent() ? version.get().read(Champion.DECISION) : Optional.empty();
        if (meant.isEmpty()) {
            return Optional.empty();
        }
        Decision decision = Decision.read(meant.get(), entry.runKey())
                .withVersion(entry.versionNumber().getAsInt());
        return Optional.of(Decision.read(model.decide(lease, entry.runKey(), decision.toBytes()), entry.runKey()));
    }

    private String runKey(String manifest, Optional<Champion> before) {
        String all = String.join(
                "\n",
                manifest,
                SignificantKeys.of(scope.config()).toString(),
                String.join(" ", job.backend().name(), job.train().workers()),
                String.join(
                        " ",
                        job.retrain().start().name(),
                        job.retrain().gate().toString(),
                        job.retrain().drift().toString()),
                ThisProcess.codeVersion(),
                before.map(champion -> Integer.toString(champion.version().number()))
                        .orElse("none"));
        byte[] digest = Sha256.digest().digest(all.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest).substring(0, 32);
    }

    /**
     * Whom a challenger has to beat.
     *
     * @param entry the number of the alias's entry
     * @param champion empty if there is none yet
     */
    private record Contender(int entry, Optional<Champion> champion) {}

    /** The one of now, whose list of images is only read again if it is another one. */
    private Contender now(Contender earlier) throws IOException {
        AliasLog.Reading alias = champion().read();
        return alias.number() == earlier.entry ? earlier : new Contender(alias.number(), Champion.of(model, alias));
    }

    /** Judges until the champion that the challenger is compared with is still the champion when it is promoted. */
    private Decision judge(
            NightReport report, NightImages images, NightGate gate, Path challenger, HoldOut holdOut, Contender before)
            throws IOException {
        TrainedModel trained =
                TrainedModel.load(challenger.getFileSystem(scope.spark().hadoopConfiguration()), challenger);
        int[] answers = holdOut.answers(trained);
        Contender contender = before;
        for (int i = 0; i < GATES; i++) {
            contender = now(contender);
            Optional<Champion> current = contender.champion;
            Optional<int[]> championAnswers = current.isPresent()
                    ? Optional.of(holdOut.answers(current.get().version().load()))
                    : Optional.empty();
            if (current.isPresent()) {
                gate.changedAnswers(current.get(), championAnswers.get()).ifPresent(report::find);
            }
            passed(Step.EVALUATE);
            Verdict verdict = gate.judge(current, championAnswers, answers);
            report.judged(verdict, gate, current);
            passed(Step.GATE);
            if (!verdict.promoted()) {
                return record(report.end(Outcome.REJECTED, verdict.sentence()));
            }
            ModelVersion version = register(report, images, challenger, verdict);
            checkGolden(version, holdOut, answers);
            passed(Step.REGISTER);
            if (scope.options().requireApproval()) {
                return record(report.registered(version)
                        .end(
                                Outcome.AWAITING_APPROVAL,
                                verdict.sentence().replaceFirst("^promoted: ", "passed: ")
                                        + "; promote it with scripts/convoy models promote " + model.name() + "@"
                                        + version.number() + " --registry "
                                        + Redaction.of(job.registry().directory()) + " --reason '...'"));
            }
            try {
                AliasChange change = AliasChange.promote(version.number(), verdict.sentence())
                        .withRunKey(report.runKey());
                model.promote(lease, RegisteredModel.CHAMPION, contender.entry, change);
                passed(Step.PROMOTE);
                return record(report.registered(version).end(Outcome.PROMOTED, verdict.sentence()));
            } catch (AliasMovedException e) {
                // Somebody has promoted another one meanwhile, which is the one to beat now.
            }
        }
        throw new ConvoyException("Cannot decide about " + model.name() + ": its champion has changed " + GATES
                + " times meanwhile; let nobody promote by hand while a night runs");
    }

    private Decision record(Decision decision) throws IOException {
        byte[] stands = model.decide(lease, decision.runKey(), decision.toBytes());
        passed(Step.DECIDE);
        return Decision.read(stands, decision.runKey());
    }

    private ModelVersion register(NightReport report, NightImages images, Path challenger, Verdict verdict)
            throws IOException {
        VersionDraft draft = new VersionDraft(report.runKey(), challenger)
                .withCodeVersion(ThisProcess.codeVersion())
                .withConfiguration(SignificantKeys.of(scope.config()), job.seed())
                .withData(images.train().description(), report.manifest())
                .withMetrics(
                        Map.of(NightGate.ACCURACY, verdict.accuracy(), NightGate.IMAGES, (double) verdict.images()))
                .withRun(run.path().toString())
                .withReason(verdict.sentence())
                .withFile(
                        "card.md",
                        report.card(model.name(), verdict, images.manifest().classNames())
                                .getBytes(StandardCharsets.UTF_8))
                .withFile(Champion.IMAGES, images.manifest().toBytes())
                .withFile(Champion.PROFILE, Champion.profileBytes(images.profile()))
                .withFile(
                        Champion.DECISION,
                        report.end(Outcome.PROMOTED, verdict.sentence()).toBytes());
        // Nobody's child, if it began afresh.
        Optional<Integer> parent =
                job.retrain().start() == RetrainConfig.Start.CHAMPION ? report.champion() : Optional.empty();
        return model.add(lease, parent.isPresent() ? draft.withParent(parent.get()) : draft);
    }

    /** The version's own files must give the answers that were judged. */
    private void checkGolden(ModelVersion version, HoldOut holdOut, int[] judged) throws IOException {
        int differs = Arrays.mismatch(holdOut.answers(version.load()), judged);
        if (differs >= 0) {
            throw new ConvoyException("Cannot promote version " + version.number() + " of " + model.name()
                    + ": its files answer image " + differs
                    + " of the hold-out otherwise than the model that was judged;"
                    + " its run is " + version.info().runDirectory() + "; see whether the disk is sound");
        }
    }
}
