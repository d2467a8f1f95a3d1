package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageCensus.ContentHash;
import dev.convoy.gate.AlphaBudget;
import dev.convoy.gate.Answers;
import dev.convoy.gate.Gate;
import dev.convoy.gate.GatePolicy;
import dev.convoy.gate.Verdict;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.retrain.Decision;
import dev.convoy.retrain.Manifest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** Puts the answers of a night's models before the gate: those that are fair to compare, and the tests that were made before. */
final class NightGate {
    private final GatePolicy policy;
    private final NightImages images;
    private final boolean acceptNewClasses;
    private final int holdOut;
    private final List<AlphaBudget.Test> tests = new ArrayList<>();

    NightGate(JobConfig job, RegisteredModel model, NightImages images, RetrainJob.Options options) throws IOException {
        this.policy = job.retrain().gate();
        this.images = images;
        this.acceptNewClasses = options.acceptNewClasses();
        List<Decision> earlier = decisions(model);
        int last = earlier.stream()
                .filter(decision -> decision.holdOut() != null)
                .mapToInt(Decision::holdOut)
                .max()
                .orElse(1);
        this.holdOut = options.newHoldOut() ? last + 1 : last;
        for (Decision decision : earlier) {
            if (decision.holdOut() != null && decision.holdOut() == holdOut) {
                decision.test().ifPresent(tests::add);
            }
        }
    }

    /** In the order of their leases. */
    private static List<Decision> decisions(RegisteredModel model) throws IOException {
        List<Decision> all = new ArrayList<>();
        for (String key : model.decisions()) {
            all.add(Decision.read(model.decision(key).orElseThrow(), key));
        }
        all.sort(Comparator.comparing(Decision::lease));
        return all;
    }

    /** The number of the hold-out. */
    int holdOut() {
        return holdOut;
    }

    /**
     * Judges.
     *
     * @param champion empty if there is none yet
     * @param before its answers, by the image's id
     * @param now the challenger's
     */
    Verdict judge(Optional<Champion> champion, Optional<int[]> before, int[] now) {
        List<Manifest.Image> all = images.heldOutImages();
        if (champion.isEmpty()) {
            int right = (int) IntStream.range(0, now.length)
                    .filter(id -> now[id] == all.get(id).label())
                    .count();
            return Gate.first(policy, all.size(), right);
        }
        BitSet fair = fair(champion.get());
        if (fair.isEmpty()) {
            throw new ConvoyException("Cannot compare models: the champion was trained on all images that are held out;"
                    + " hold others out");
        }
        Answers answers = answers(before.orElseThrow(), now).restrictedTo(fair);
        AlphaBudget budget = policy.budget(tests);
        Optional<BitSet> old = champion.get().manifest().map(manifest -> heldOut(manifest, fair));
        return old.isEmpty() || old.get().isEmpty()
                ? Gate.decide(policy, budget, answers)
                : Gate.decide(
                        policy, budget, answers, answers(before.get(), now).restrictedTo(old.get()));
    }

    private Answers answers(int[] before, int[] now) {
        List<Manifest.Image> all = images.heldOutImages();
        int[] truths = all.stream().mapToInt(Manifest.Image::label).toArray();
        return new Answers(
                truths,
                right(truths, before),
                right(truths, now),
                images.manifest().classNames());
    }

    private static BitSet right(int[] truths, int[] answers) {
        BitSet right = new BitSet();
        for (int i = 0; i < truths.length; i++) {
            right.set(i, truths[i] == answers[i]);
        }
        return right;
    }

    /** Images that neither model was trained on; of classes that both know, where classes may differ. */
    private BitSet fair(Champion champion) {
        Set<ContentHash> trained =
                champion.manifest().map(manifest -> manifest.contents(false)).orElse(Set.of());
        Set<String> known = new HashSet<>(champion.version().info().classNames());
        List<String> names = images.manifest().classNames();
        BitSet fair = new BitSet();
        for (int id = 0; id < images.heldOutImages().size(); id++) {
            Manifest.Image image = images.heldOutImages().get(id);
            boolean shared = !acceptNewClasses || known.contains(names.get(image.label()));
            fair.set(id, shared && !trained.contains(image.content()));
        }
        return fair;
    }

    private BitSet heldOut(Manifest manifest, BitSet fair) {
        Set<ContentHash> contents = manifest.contents(true);
        BitSet old = new BitSet();
        fair.stream()
                .filter(id -> contents.contains(images.heldOutImages().get(id).content()))
                .forEach(old::set);
        return old;
    }
}
