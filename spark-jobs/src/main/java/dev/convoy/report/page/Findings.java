package dev.convoy.report.page;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.report.Event;
import dev.convoy.report.TensorSummary;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Says in words what numbers of a run mean. */
final class Findings {
    /** Of the gradient's norm, from the first epoch to the last. */
    private static final double EXPLODES = 100;
    /** Of a tensor's gradient to the largest one's, each by the root of its values. */
    private static final double VANISHES = 1e-4;

    private static final double MEBIBYTE = 1 << 20;

    private Findings() {}

    /** Whether the same run again comes to the same bits. */
    static List<String> repeatability(RunFolder run) {
        List<String> words = new ArrayList<>();
        JsonNode inexact = run.environment().path("inexact");
        if (!inexact.isArray()) {
            return List.of("It is not known whether this run can be repeated to the bit: environment.json is missing.");
        }
        String where = " on the same kind of processor ("
                + run.environment().path("processor").asText("unknown") + ")";
        if (inexact.isEmpty()) {
            words.add(
                    "The same configuration, images and number of workers come to the same bits again," + where + ".");
        } else {
            words.add("The same run again may come to other bits:");
            inexact.forEach(reason -> words.add(reason.asText() + "."));
        }
        int attempts = run.history().of(Event.Started.class).size();
        if (attempts > 1) {
            words.add("It was made in " + attempts + " attempts, each going on from the last checkpoint.");
        }
        return words;
    }

    /** Whether gradients vanish or explode. */
    static List<String> gradients(RunFolder run) {
        List<Event.Weights> epochs = run.history().of(Event.Weights.class);
        if (epochs.isEmpty()) {
            return List.of();
        }
        List<String> words = new ArrayList<>();
        Event.Weights first = epochs.get(0);
        Event.Weights last = epochs.get(epochs.size() - 1);
        List<TensorSummary> known = last.tensors().stream()
                .filter(tensor -> tensor.gradient() != null)
                .toList();
        Optional<TensorSummary> largest = known.stream().max(Comparator.comparingDouble(Findings::typical));
        for (TensorSummary tensor : last.tensors()) {
            Double before = first.tensors().stream()
                    .filter(same -> same.name().equals(tensor.name()))
                    .findFirst()
                    .map(TensorSummary::gradient)
                    .orElse(null);
            if (tensor.gradient() == null || !tensor.name().endsWith(".weight")) {
                // Unknown, or of a frozen layer; biases before a normalisation have none.
                continue;
            }
            if (tensor.gradient() == 0) {
                words.add("The gradient of " + tensor.name()
                        + " is 0: nothing comes through this layer any more; lower the learning rate.");
            } else if (before != null && before > 0 && tensor.gradient() > EXPLODES * before) {
                words.add(String.format(
                        Locale.ROOT,
                        "The gradient of %s explodes: its norm has grown from %.2g to %.2g; lower the learning rate.",
                        tensor.name(),
                        before,
                        tensor.gradient()));
            } else if (largest.isPresent() && typical(tensor) < VANISHES * typical(largest.get())) {
                words.add(String.format(
                        Locale.ROOT,
                        "The gradient of %s vanishes: its values are %.1g of those of %s; normalise between layers"
                                + " (batch-norm), or shorten the way with residual blocks.",
                        tensor.name(),
                        typical(tensor) / typical(largest.get()),
                        largest.get().name()));
            }
        }
        if (words.isEmpty() && !known.isEmpty()) {
            words.add("Gradients neither vanish nor explode.");
        }
        return words;
    }

    private static double typical(TensorSummary tensor) {
        return tensor.gradient() / Math.sqrt(tensor.values());
    }

    /** Predicted against measured memory. */
    static List<String> memory(RunFolder run) {
        Optional<Event.Started> started = run.history().last(Event.Started.class);
        Optional<Event.Memory> memory = run.history().last(Event.Memory.class);
        List<String> words = new ArrayList<>();
        started.ifPresent(event -> words.add(String.format(
                Locale.ROOT,
                "Predicted outside the heap: %,.0f MiB for each of %d workers.",
                event.predictedBytes() / MEBIBYTE,
                event.workers())));
        memory.ifPresent(event -> event.processes()
                .forEach(process -> words.add(String.format(
                        Locale.ROOT,
                        "Measured at most: %,.0f MiB in %s, of which the heap may have up to %,.0f MiB.",
                        process.peakBytes() / MEBIBYTE,
                        process.name(),
                        process.heapBytes() / MEBIBYTE))));
        return words;
    }

    /** The time that the first epoch has promised, against that which all took. */
    static List<String> time(RunFolder run) {
        List<Event.Epoch> epochs = run.history().of(Event.Epoch.class);
        if (epochs.size() < 2) {
            return List.of();
        }
        double predicted = epochs.size() * seconds(epochs.get(0));
        double measured = epochs.stream().mapToDouble(Findings::seconds).sum();
        return List.of(String.format(
                Locale.ROOT,
                "Predicted after the first epoch: %,.1f s for %d epochs and their evaluations. Measured: %,.1f s, %.2f of it.",
                predicted,
                epochs.size(),
                measured,
                measured / predicted));
    }

    private static double seconds(Event.Epoch epoch) {
        return epoch.seconds() + epoch.evaluateSeconds();
    }

    /** Images that are there more than once. */
    static List<String> copies(RunFolder run) {
        JsonNode copies = run.result().path("data").path("copies");
        List<String> words = new ArrayList<>();
        if (copies.path("train").isNumber()) {
            words.add(String.format(
                    Locale.ROOT,
                    "Copies: %,d training images have the pixels of another one.",
                    copies.path("train").asLong()));
        }
        if (copies.path("testInTraining").isNumber()) {
            long known = copies.path("testInTraining").asLong();
            words.add(String.format(Locale.ROOT, "%,d test images are in the training set, too", known)
                    + (known > 0 ? ": a network may know them by heart, and the test accuracy flatters it." : "."));
        }
        return words;
    }

    /** What goes between workers, by the length of vectors alone. */
    static List<String> exchange(RunFolder run) {
        Optional<Event.Started> started = run.history().last(Event.Started.class);
        long rounds = run.history().of(Event.Rounds.class).stream()
                .mapToLong(Event.Rounds::rounds)
                .sum();
        if (started.isEmpty() || rounds == 0) {
            return List.of();
        }
        double vector = started.get().parameters() * (double) Float.BYTES / MEBIBYTE;
        return List.of(String.format(
                Locale.ROOT,
                "In each of %,d rounds every one of %d workers gives away at least a vector of %,.1f MiB and gets one:"
                        + " %,.1f GiB in all. Within a host these are copies in memory.",
                rounds,
                started.get().workers(),
                vector,
                2 * vector * rounds * started.get().workers() / 1024));
    }

    /** Whether the master tells workers apart. */
    static boolean tellsWorkers(RunFolder run) {
        return !run.result().path("transport").asText().equals("dl4j-spark");
    }

    /** Contributions that were left out. */
    static List<String> faults(RunFolder run) {
        return run.history().of(Event.Rounds.class).stream()
                .flatMap(rounds -> rounds.faults().stream())
                .limit(100)
                .toList();
    }
}
