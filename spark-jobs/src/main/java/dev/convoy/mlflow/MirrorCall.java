package dev.convoy.mlflow;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One call of a mirror: what waits is sent in the order of versions, then the aliases as they are now. Whatever it has done stays noted, so
 * that the next call goes on from there.
 */
final class MirrorCall {
    private final MirrorFolder folder;
    private final MlflowRegistry registry;
    private final MlflowRuns runs;
    private final List<Integer> sent = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();

    MirrorCall(MlflowTarget target, MirrorFolder folder, Deadline deadline) {
        this.folder = folder;
        MlflowRest rest = new MlflowRest(target, deadline);
        registry = new MlflowRegistry(rest, target.model());
        runs = new MlflowRuns(rest, target.model(), refused::add);
    }

    /** Notes what is to be sent, before anything is. */
    void keep(Publication publication) throws IOException {
        Optional<MirroredVersion> known = folder.mirrored(publication.version());
        if (known.isEmpty() || !known.get().tags().equals(tags(publication))) {
            folder.keep(publication);
        }
        AliasState aliases = folder.aliases();
        if (!aliases.wanted().equals(publication.aliases())) {
            folder.keep(new AliasState(publication.aliases(), aliases.sent()));
        }
    }

    /** Sends all that waits, and fails with the first that cannot be; others go on where a single version is at fault. */
    void send() throws IOException {
        Optional<IOException> fault = Optional.empty();
        for (int version : folder.pending()) {
            try {
                Publication publication = folder.publication(version)
                        .orElseThrow(() -> new MlflowException(
                                "What waits for version " + version + " cannot be understood; delete its file",
                                400,
                                ""));
                folder.done(send(publication));
                sent.add(version);
            } catch (MlflowException e) {
                if (!e.isRefusal()) {
                    throw e;
                }
                fault = fault.or(() -> Optional.of(e));
            }
        }
        sendAliases();
        if (fault.isPresent()) {
            throw fault.get();
        }
    }

    MirrorOutcome outcome(Optional<String> problem) {
        return new MirrorOutcome(sent, problem, refused);
    }

    private MirroredVersion send(Publication publication) throws IOException {
        int version = publication.version();
        Map<String, String> tags = tags(publication);
        Optional<MirroredVersion> known = folder.mirrored(version);
        Optional<String> number =
                known.isPresent() ? known.map(MirroredVersion::mlflowVersion) : registry.find(version);
        if (number.isEmpty()) {
            String run = runs.record(publication);
            return new MirroredVersion(version, registry.create(publication.source(), run, tags), run, tags);
        }
        Map<String, String> changed = new TreeMap<>(tags);
        known.ifPresent(old -> changed.entrySet().removeAll(old.tags().entrySet()));
        for (Map.Entry<String, String> tag : changed.entrySet()) {
            try {
                registry.setTag(number.get(), tag.getKey(), tag.getValue());
            } catch (MlflowException e) {
                refuseOrThrow(e);
            }
        }
        String run = known.isPresent() ? known.get().runId() : registry.runOf(version);
        return new MirroredVersion(version, number.get(), run, tags);
    }

    private static Map<String, String> tags(Publication publication) {
        Map<String, String> tags = new TreeMap<>();
        MlflowNames.keys(publication.tags())
                .forEach((key, text) -> tags.put(key, MlflowNames.cut(text, MlflowNames.MAX_TAG)));
        tags.put(MlflowNames.VERSION_TAG, String.valueOf(publication.version()));
        return tags;
    }

    private void sendAliases() throws IOException {
        AliasState aliases = folder.aliases();
        if (aliases.isSent()) {
            return;
        }
        for (String gone : aliases.sent().keySet()) {
            if (!aliases.wanted().containsKey(gone) && MlflowNames.isAlias(gone)) {
                registry.deleteAlias(gone);
            }
        }
        Map<String, Integer> now = new TreeMap<>();
        for (Map.Entry<String, Integer> alias : new TreeMap<>(aliases.wanted()).entrySet()) {
            boolean isKnown = alias.getValue().equals(aliases.sent().get(alias.getKey()));
            if (isKnown || sendAlias(alias.getKey(), alias.getValue())) {
                now.put(alias.getKey(), alias.getValue());
            }
        }
        folder.keep(new AliasState(aliases.wanted(), now));
    }

    /** Returns whether that is settled; if not, the version may come later. */
    private boolean sendAlias(String alias, int version) throws IOException {
        if (!MlflowNames.isAlias(alias)) {
            refused.add(
                    "The alias " + alias + " has a name that it keeps for itself, or characters that it has none of");
            return true;
        }
        Optional<MirroredVersion> known = folder.mirrored(version);
        Optional<String> number =
                known.isPresent() ? known.map(MirroredVersion::mlflowVersion) : registry.find(version);
        try {
            if (number.isPresent()) {
                registry.setAlias(alias, number.get());
                return true;
            }
            // An alias that stood for another version would lie.
            registry.deleteAlias(alias);
            refused.add("The alias " + alias + " stands for version " + version + ", which it does not have");
            return false;
        } catch (MlflowException e) {
            refuseOrThrow(e);
            return true;
        }
    }

    /** What this version alone cannot have is told; anything else ends the call. */
    private void refuseOrThrow(MlflowException e) throws MlflowException {
        if (!e.isRefusal() && !e.isMissing()) {
            throw e;
        }
        refused.add(e.getMessage());
    }
}
