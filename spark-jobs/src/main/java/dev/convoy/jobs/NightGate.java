package dev.convoy.jobs;

import dev.convoy.config.DataConfig;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Redaction;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Puts the answers of a night's models before the gate: those that are fair to compare, and the tests that were made before. */
final class NightGate {
    /** Metrics of a version. */
    static final String ACCURACY = "hold-out-accuracy";

    static final String IMAGES = "hold-out-images";

    private final GatePolicy policy;
    private final NightImages images;
    private final boolean acceptNewClasses;
    private final boolean saidYes;
    private final int holdOut;
    private final String definition;
    private final List<AlphaBudget.Test> tests = new ArrayList<>();
    /** Ids of images that count: each content once, of one class, and not trained on. */
    private final BitSet usable;

    /**
     * Looks up which tests were made before.
     *
     * @param champion of the beginning of the night
     * @param change of the images since its own
     * @throws ConvoyException if a decision cannot be read
     */
    NightGate(
            JobConfig job,
            RegisteredModel model,
            NightImages images,
            Optional<Champion> champion,
            Optional<Manifest.Change> change,
            RetrainJob.Options options)
            throws IOException {
        this.policy = job.retrain().gate();
        this.images = images;
        this.acceptNewClasses = options.acceptNewClasses();
        this.usable = usable(images);
        this.definition = definition(job.data());
        List<Decision> earlier = decisions(model);
        Optional<Decision> newest = earlier.stream().reduce((first, second) -> second);
        int last = newest.map(Decision::holdOut).orElse(1);
        Optional<Decision> promoted = champion.flatMap(now -> earlier.stream()
                .filter(decision ->
                        decision.runKey().equals(now.version().info().runKey()))
                .findFirst());
        int before = promoted.map(Decision::holdOut).orElse(last);
        // Said once it holds until a champion is promoted on it, or a flag that stays in a schedule would begin the
        // budget anew every night.
        boolean begun = last > before && newest.map(Decision::holdOutDefinition).equals(Optional.of(definition));
        boolean other = promoted.isPresent()
                        && !definition.equals(promoted.get().holdOutDefinition())
                || change.filter(Manifest.Change::hasSwitchedSides).isPresent()
                || champion.flatMap(Champion::manifest).filter(this::isReplaced).isPresent();
        this.saidYes = begun || options.newHoldOut();
        this.holdOut = !begun && options.newHoldOut() && other ? last + 1 : last;
        for (Decision decision : earlier) {
            if (decision.holdOut() == holdOut) {
                decision.test().ifPresent(tests::add);
            }
        }
    }

    /** What decides which images are held out. */
    private static String definition(DataConfig data) {
        return data.split() != null
                ? "data.split.test = " + data.split().test()
                : "data.test: " + Redaction.of(data.test().source().toString());
    }

    private static BitSet usable(NightImages images) {
        Set<ContentHash> trained = images.manifest().contents(false);
        Map<ContentHash, Integer> first = new HashMap<>();
        BitSet usable = new BitSet();
        List<Manifest.Image> all = images.heldOutImages();
        for (int id = 0; id < all.size(); id++) {
            Manifest.Image image = all.get(id);
            Integer earlier = first.putIfAbsent(image.content(), id);
            if (earlier == null) {
                usable.set(id, !trained.contains(image.content()));
            } else if (all.get(earlier).label() != image.label()) {
                usable.clear(earlier);
            }
        }
        return usable;
    }

    /** Whether most of the images that are held out were not held out before. */
    private boolean isReplaced(Manifest before) {
        return heldOut(before, usable).cardinality() * 2 < usable.cardinality();
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

    /** What decides which images are held out, for records. */
    String definition() {
        return definition;
    }

    /** Whether somebody has said yes to a new hold-out, tonight or on an earlier night since the champion. */
    boolean isNewHoldOut() {
        return saidYes;
    }

    /**
     * Judges.
     *
     * @param champion empty if there is none yet
     * @param before its answers, by the image's id
     * @param now the challenger's
     */
    Verdict judge(Optional<Champion> champion, Optional<int[]> before, int[] now) {
        checkComparable(champion);
        if (champion.isEmpty()) {
            return Gate.first(policy, usable.cardinality(), right(now, usable));
        }
        BitSet fair = fair(champion.get());
        Answers answers = answers(before.orElseThrow(), now).restrictedTo(fair);
        AlphaBudget budget = policy.budget(tests);
        Optional<BitSet> old = champion.get().manifest().map(manifest -> heldOut(manifest, fair));
        return old.isEmpty() || old.get().isEmpty()
                ? Gate.decide(policy, budget, answers)
                : Gate.decide(
                        policy, budget, answers, answers(before.get(), now).restrictedTo(old.get()));
    }

    /**
     * Fails if there is no image that both may be asked, which is known before anything is trained.
     *
     * @param champion empty if there is none yet
     */
    void checkComparable(Optional<Champion> champion) {
        checkAny(usable, "all images that are held out are trained on too, or are of more than one class");
        champion.ifPresent(now -> checkAny(
                fair(now), "the champion was trained on all images that are held out, or knows none of their classes"));
    }

    private static void checkAny(BitSet images, String reason) {
        if (images.isEmpty()) {
            throw new ConvoyException("Cannot compare models: " + reason + "; hold others out");
        }
    }

    /** The number of images of some that were answered rightly. */
    private int right(int[] answers, BitSet chosen) {
        return (int) chosen.stream()
                .filter(id -> answers[id] == images.heldOutImages().get(id).label())
                .count();
    }

    /**
     * Says if a champion does not answer the images that it was promoted on as it did then, as by another decoder or another processor; empty
     * if it does, or if not all of them are there.
     */
    Optional<String> changedAnswers(Champion champion, int[] answers) {
        Map<String, Double> then = champion.version().info().metrics();
        Optional<BitSet> old = champion.manifest().map(manifest -> heldOut(manifest, usable));
        if (old.isEmpty()
                || !Optional.of((double) old.get().cardinality()).equals(Optional.ofNullable(then.get(IMAGES)))) {
            return Optional.empty();
        }
        double now = (double) right(answers, old.get()) / old.get().cardinality();
        return now == then.get(ACCURACY)
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "the champion's accuracy on the images that it was promoted on is %.4f, and was %.4f then",
                        now,
                        then.get(ACCURACY)));
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
        usable.stream().forEach(id -> {
            Manifest.Image image = images.heldOutImages().get(id);
            boolean shared = !acceptNewClasses || known.contains(names.get(image.label()));
            fair.set(id, shared && !trained.contains(image.content()));
        });
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
