package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * What is taken away and what stays, and why.
 *
 * @param policy by which
 * @param kept versions, ascending
 * @param removed versions, ascending
 */
public record GcPlan(GcPolicy policy, List<Kept> kept, List<Integer> removed) {
    /** A version that stays. */
    public record Kept(int version, String why) {}

    public GcPlan {
        kept = List.copyOf(kept);
        removed = List.copyOf(removed);
    }

    static GcPlan of(RegisteredModel model, GcPolicy policy) throws IOException {
        List<Integer> all = model.numbers();
        Map<Integer, String> reasons = new TreeMap<>();
        for (int number : all.subList(Math.max(0, all.size() - policy.keepVersions()), all.size())) {
            reasons.put(number, "one of the newest " + policy.keepVersions());
        }
        for (String alias : model.aliases()) {
            keepPointedTo(model, alias, policy, reasons);
        }
        keepParents(model, reasons);
        List<Kept> kept = reasons.entrySet().stream()
                .filter(entry -> all.contains(entry.getKey()))
                .map(entry -> new Kept(entry.getKey(), entry.getValue()))
                .toList();
        return new GcPlan(
                policy,
                kept,
                all.stream().filter(number -> !reasons.containsKey(number)).toList());
    }

    private static void keepPointedTo(
            RegisteredModel model, String alias, GcPolicy policy, Map<Integer, String> reasons) throws IOException {
        AliasLog.Reading reading = model.alias(alias).read();
        if (!reading.faults().isEmpty()) {
            throw new ConvoyException("Cannot tell which versions " + alias + " needs: its history is damaged ("
                    + reading.faults().get(0) + "); nothing is taken away until it is restored");
        }
        List<AliasEntry> entries = reading.entries();
        for (AliasEntry entry : entries.subList(Math.max(0, entries.size() - policy.keepEntries()), entries.size())) {
            entry.versionNumber().ifPresent(number -> reasons.put(number, alias + " pointed to it"));
        }
        OptionalInt previous = reading.previous();
        previous.ifPresent(number -> reasons.put(number, "a rollback of " + alias + " needs it"));
        reading.version().ifPresent(number -> reasons.put(number, alias));
    }

    private static void keepParents(RegisteredModel model, Map<Integer, String> reasons) throws IOException {
        Deque<Integer> open = new ArrayDeque<>(reasons.keySet());
        while (!open.isEmpty()) {
            int number = open.pop();
            OptionalInt parent = model.find(number)
                    .map(version -> version.info().parentNumber())
                    .orElse(OptionalInt.empty());
            if (parent.isPresent() && !reasons.containsKey(parent.getAsInt())) {
                reasons.put(parent.getAsInt(), "version " + number + " was trained from it");
                open.push(parent.getAsInt());
            }
        }
    }
}
