package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.FileTime;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The versions of one model. A number is claimed by {@code versions/N.claim}, for good, a run key's number by {@code keys/KEY.json}; the
 * folder is written under another name, and gets its number as its name once it is whole. A version that is taken away leaves {@code N.gone}.
 */
final class VersionStore {
    private static final Pattern CLAIM = Pattern.compile("([1-9][0-9]{0,8})\\.claim");
    private static final Pattern VERSION = Pattern.compile("([1-9][0-9]{0,8})");
    private static final String TEMPORARY = ".tmp-";

    /** How long whoever writes a version may take: what is older was left by somebody who died. */
    private static final long SWEEP_MILLIS = 24 * 60 * 60 * 1000L;

    private final FileSystem files;
    private final Path model;
    private final Path folder;

    /** The content of a claim, and of a run key's file. */
    private record Claim(int number, String runKey) {}

    /** The content of the file that a version leaves behind. */
    private record Gone(int number, String time) {}

    VersionStore(FileSystem files, Path model) {
        this.files = files;
        this.model = model;
        this.folder = new Path(model, "versions");
    }

    private Path at(int number) {
        return new Path(folder, Integer.toString(number));
    }

    private Path gone(int number) {
        return new Path(folder, number + ".gone");
    }

    /** The numbers of all versions that are there, ascending. */
    List<Integer> numbers() throws IOException {
        return NumberedFiles.all(files, folder, VERSION);
    }

    /** Empty if it is not there. */
    Optional<ModelVersion> find(int number) throws IOException {
        return ModelVersion.find(files, at(number));
    }

    /**
     * @throws ConvoyException if it was taken away, or never was
     */
    ModelVersion get(int number) throws IOException {
        return find(number).orElseThrow(() -> new ConvoyException(missing(number)));
    }

    private String missing(int number) {
        String what = "Cannot find version " + number + " of " + model.getName() + ": ";
        try {
            if (files.exists(gone(number))) {
                return what + "it was taken away at "
                        + RegistryJson.read(files, gone(number), Gone.class).time() + "; there are " + numbers();
            }
            return what + "there are " + numbers();
        } catch (IOException e) {
            return what + e.getMessage();
        }
    }

    private Path key(String runKey) {
        return new Path(new Path(model, "keys"), Names.check("run key", runKey) + ".json");
    }

    private Optional<Integer> numberOf(String runKey) throws IOException {
        try {
            return Optional.of(
                    RegistryJson.read(files, key(runKey), Claim.class).number());
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    /** The version that a job has made; empty if there is none. */
    Optional<ModelVersion> of(String runKey) throws IOException {
        Optional<Integer> number = numberOf(runKey);
        return number.isEmpty() ? Optional.empty() : find(number.get());
    }

    /** The number of a run key: the one that it has, or a new one. */
    private int claim(String runKey) throws IOException {
        Optional<Integer> earlier = numberOf(runKey);
        if (earlier.isPresent()) {
            return earlier.get();
        }
        List<Integer> claimed = NumberedFiles.all(files, folder, CLAIM);
        int number = claimed.isEmpty() ? 1 : claimed.get(claimed.size() - 1) + 1;
        byte[] claim = RegistryJson.bytes(new Claim(number, runKey));
        while (!AtomicFiles.publishNew(files, new Path(folder, number + ".claim"), claim)) {
            number++;
            claim = RegistryJson.bytes(new Claim(number, runKey));
        }
        if (AtomicFiles.publishNew(files, key(runKey), claim)) {
            return number;
        }
        // Another process has claimed one for the same job; this one stays unused.
        return numberOf(runKey).orElseThrow(() -> new ConvoyException("Cannot read " + key(runKey)));
    }

    /** Adds a version, unless there is one of this run key; answers the one that is there. */
    ModelVersion add(Fence fence, VersionDraft draft) throws IOException {
        fence.checkHeld();
        if (draft.parent().isPresent()) {
            get(draft.parent().getAsInt());
        }
        int number = claim(draft.runKey());
        if (files.exists(gone(number))) {
            throw new ConvoyException(
                    "Cannot add the version of run key " + draft.runKey() + " once more: " + missing(number));
        }
        Optional<ModelVersion> there = find(number);
        if (there.isPresent()) {
            return there.get();
        }
        Path work = new Path(folder, TEMPORARY + UUID.randomUUID());
        try {
            write(work, number, draft);
            fence.checkHeld();
            publish(work, number);
        } catch (IOException | RuntimeException | Error e) {
            AtomicFiles.deleteAfter(e, files, work);
            throw e;
        }
        return get(number);
    }

    private void write(Path work, int number, VersionDraft draft) throws IOException {
        files.mkdirs(work);
        VersionFolder out = new VersionFolder(files, work);
        out.copy(VersionFolder.MODEL, draft.model());
        for (Map.Entry<String, VersionDraft.Source> file : draft.files().entrySet()) {
            if (file.getValue() instanceof VersionDraft.Content content) {
                out.write(file.getKey(), to -> to.write(content.bytes()));
            } else if (file.getValue() instanceof VersionDraft.Copy copy) {
                out.copy(file.getKey(), copy.from());
            }
        }
        // What was copied is what must load.
        TrainedModel copy = TrainedModel.load(files, new Path(work, VersionFolder.MODEL));
        byte[] info = RegistryJson.bytes(new VersionInfo(
                VersionInfo.FORMAT,
                number,
                draft.parent().isPresent() ? draft.parent().getAsInt() : null,
                draft.runKey(),
                Instant.ofEpochMilli(FileTime.now(files, folder)).toString(),
                draft.codeVersion(),
                draft.configuration(),
                draft.seed(),
                draft.data(),
                draft.manifestHash(),
                draft.metrics(),
                draft.runDirectory(),
                draft.reason(),
                copy.classNames()));
        out.write(VersionFolder.INFO, to -> to.write(info));
        out.complete();
    }

    private void publish(Path work, int number) throws IOException {
        try {
            AtomicFiles.renameNew(files, work, at(number));
        } catch (IOException e) {
            // Another process of the same job was quicker.
            if (!files.exists(at(number))) {
                throw e;
            }
            files.delete(work, true);
        }
    }

    /** Takes a version away: its name first, so that no half of it is ever seen. */
    void remove(int number) throws IOException {
        Path aside = new Path(folder, TEMPORARY + UUID.randomUUID());
        Gone gone = new Gone(
                number, Instant.ofEpochMilli(FileTime.now(files, folder)).toString());
        AtomicFiles.publishNew(files, gone(number), RegistryJson.bytes(gone));
        AtomicFiles.renameNew(files, at(number), aside);
        files.delete(aside, true);
    }

    /** Deletes what processes that died have left half written or half deleted. */
    void sweep() throws IOException {
        for (FileStatus status : NumberedFiles.list(files, folder)) {
            if (status.getPath().getName().startsWith(TEMPORARY)
                    && FileTime.now(files, folder) - status.getModificationTime() > SWEEP_MILLIS) {
                files.delete(status.getPath(), true);
            }
        }
    }

    /** What is not as it was written. */
    List<Fault> verify() throws IOException {
        List<Fault> faults = new ArrayList<>();
        for (int number : numbers()) {
            try {
                ModelVersion version = get(number);
                faults.addAll(version.verify());
                OptionalInt parent = version.info().parentNumber();
                if (parent.isPresent() && find(parent.getAsInt()).isEmpty()) {
                    faults.add(new Fault("versions/" + number, "its parent " + parent.getAsInt() + " is not there"));
                }
            } catch (ConvoyException e) {
                faults.add(new Fault("versions/" + number, e.getMessage()));
            }
        }
        return faults;
    }
}
