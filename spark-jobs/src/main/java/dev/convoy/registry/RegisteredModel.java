package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * One model of a registry: its versions, its aliases, its decisions and its lease. Everybody may read; whoever publishes holds the lease,
 * and hands it, or its number, to what publishes.
 */
public final class RegisteredModel {
    /** The alias of the version that is in use. */
    public static final String CHAMPION = "champion";

    /** What a rollback of the champion would point to; follows from its history and has no entries of its own. */
    public static final String PREVIOUS = "previous";

    private final FileSystem files;
    private final Path folder;
    private final VersionStore versions;
    private final DecisionStore decisions;

    RegisteredModel(FileSystem files, Path folder) {
        this.files = files;
        this.folder = folder;
        this.versions = new VersionStore(files, folder);
        this.decisions = new DecisionStore(files, new Path(folder, "decisions"));
    }

    /** What the model is called. */
    public String name() {
        return folder.getName();
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /** The file system that it is on. */
    public FileSystem files() {
        return files;
    }

    /** The numbers of the versions that are there, ascending. */
    public List<Integer> numbers() throws IOException {
        return versions.numbers();
    }

    /** The versions that are there, the oldest first. */
    public List<ModelVersion> versions() throws IOException {
        List<ModelVersion> all = new ArrayList<>();
        for (int number : numbers()) {
            versions.find(number).ifPresent(all::add);
        }
        return all;
    }

    /** A version; empty if it is not there. */
    public Optional<ModelVersion> find(int number) throws IOException {
        return versions.find(number);
    }

    /**
     * A version.
     *
     * @throws ConvoyException if it was taken away, or never was
     */
    public ModelVersion version(int number) throws IOException {
        return versions.get(number);
    }

    /** The version that a job has made; empty if it has not. */
    public Optional<ModelVersion> versionOf(String runKey) throws IOException {
        return versions.of(runKey);
    }

    /**
     * The version of a number, or that an alias points to.
     *
     * @throws ConvoyException if there is none
     */
    public ModelVersion resolve(String aliasOrNumber) throws IOException {
        if (Names.isNumber(aliasOrNumber)) {
            return version(number(aliasOrNumber));
        }
        OptionalInt number = pointedTo(aliasOrNumber);
        if (number.isEmpty()) {
            throw new ConvoyException("Cannot find " + name() + "@" + aliasOrNumber
                    + ": the alias points nowhere; there are " + aliases() + " and versions " + numbers());
        }
        return version(number.getAsInt());
    }

    private static int number(String digits) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new ConvoyException("Cannot use version " + digits + "; it is no number of a version", e);
        }
    }

    private OptionalInt pointedTo(String alias) throws IOException {
        return alias.equals(PREVIOUS)
                ? alias(CHAMPION).read().previous()
                : alias(alias).read().version();
    }

    private Optional<ModelVersion> at(String alias) throws IOException {
        OptionalInt number = pointedTo(alias);
        return number.isPresent() ? Optional.of(version(number.getAsInt())) : Optional.empty();
    }

    /** The version in use; empty if there is none. */
    public Optional<ModelVersion> champion() throws IOException {
        return at(CHAMPION);
    }

    /** The version that a rollback would bring back; empty if there is none. */
    public Optional<ModelVersion> previous() throws IOException {
        return at(PREVIOUS);
    }

    /** The aliases that have, or had, a version; without {@link #PREVIOUS}. */
    public List<String> aliases() throws IOException {
        return NumberedFiles.list(files, new Path(folder, "aliases")).stream()
                .filter(FileStatus::isDirectory)
                .map(status -> status.getPath().getName())
                .filter(Names::isName)
                .sorted()
                .toList();
    }

    /**
     * An alias, which need not have an entry.
     *
     * @throws ConvoyException if the name is none, or that of {@link #PREVIOUS}
     */
    public AliasLog alias(String alias) {
        if (alias.equals(PREVIOUS)) {
            throw new ConvoyException(
                    "Cannot change the alias " + PREVIOUS + ", nor has it a history: it follows from that of "
                            + CHAMPION + "; promote or roll back " + CHAMPION);
        }
        Path log = new Path(new Path(folder, "aliases"), Names.checkAlias(alias));
        return new AliasLog(files, log, versions::get);
    }

    private Path leases() {
        return new Path(folder, "lease");
    }

    /**
     * Takes the lease. If it is taken over from somebody who has not released it, every alias gets an entry that changes nothing: whatever
     * the earlier owner was about to append, on the ground of what it had read, is refused from then on.
     *
     * @throws LockedException if somebody else holds it, and shows signs of life
     */
    public Lease acquire(LeaseOptions options) throws IOException {
        Lease lease = Lease.acquire(files, leases(), options);
        try {
            if (lease.tookOver()) {
                alias(CHAMPION).fence(lease);
                for (String alias : aliases()) {
                    if (!alias.equals(CHAMPION)) {
                        alias(alias).fence(lease);
                    }
                }
            }
            return lease;
        } catch (IOException | RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    /** The newest lease; empty if there never was one. */
    public Optional<LeaseStatus> leaseStatus() throws IOException {
        return LeaseStatus.seen(files, leases(), new LeaseOptions("look"));
    }

    /** The lease of this number, for a process that works for its owner. */
    public Fence fence(int fencingNumber) {
        return Lease.fence(files, leases(), fencingNumber);
    }

    /**
     * Adds a version, or answers the one of this run key that is there already.
     *
     * @throws LostLeaseException if the lease is not held any more
     */
    public ModelVersion add(Fence fence, VersionDraft draft) throws IOException {
        return versions.add(fence, draft);
    }

    /**
     * Lets an alias point to a version, whose files are looked through first.
     *
     * @param expected the number of the alias's newest entry by which this was decided; 0 for none
     * @throws AliasMovedException if it has moved on
     */
    public AliasEntry promote(Fence fence, String alias, int expected, AliasChange change) throws IOException {
        if (change.version().isPresent()) {
            List<Fault> faults = version(change.version().getAsInt()).verify();
            if (!faults.isEmpty()) {
                throw new ConvoyException("Cannot let " + alias + " point to version "
                        + change.version().getAsInt() + ": it is damaged (" + faults.get(0) + "); take another one");
            }
        }
        return alias(alias).append(fence, expected, change);
    }

    /**
     * Lets the champion be an earlier version again.
     *
     * @param to that version; the previous one if empty
     */
    public AliasEntry rollback(Fence fence, OptionalInt to, String reason) throws IOException {
        AliasLog.Reading now = alias(CHAMPION).read();
        OptionalInt target = to.isPresent() ? to : now.previous();
        if (target.isEmpty()) {
            throw new ConvoyException(
                    "Cannot roll " + name() + " back: there is no previous version; promote one of " + numbers());
        }
        if (target.equals(now.version())) {
            throw new ConvoyException("Cannot roll " + name() + " back to version " + target.getAsInt()
                    + ": it is the champion; give another one");
        }
        return promote(fence, CHAMPION, now.number(), AliasChange.rollback(target.getAsInt(), reason));
    }

    /**
     * Records the decision of a job, unless it has one; answers the one that stands.
     *
     * @throws LostLeaseException if the lease is not held any more
     */
    public byte[] decide(Fence fence, String runKey, byte[] record) throws IOException {
        return decisions.decide(fence, runKey, record);
    }

    /** The decision of a job; empty if there is none. */
    public Optional<byte[]> decision(String runKey) throws IOException {
        return decisions.find(runKey);
    }

    /** The run keys of all decisions. */
    public List<String> decisions() throws IOException {
        return decisions.keys();
    }

    /**
     * What a policy would take away.
     *
     * @throws ConvoyException if the history of an alias is damaged, so that what it needs is not known
     */
    public GcPlan plan(GcPolicy policy) throws IOException {
        return GcPlan.of(this, policy);
    }

    /** Takes away what a plan says, as far as its policy still does. */
    public void collect(Fence fence, GcPlan plan) throws IOException {
        for (int number : plan(plan.policy()).removed()) {
            if (plan.removed().contains(number)) {
                fence.checkHeld();
                versions.remove(number);
            }
        }
        fence.checkHeld();
        versions.sweep();
    }

    /** Everything that is not as it was written. */
    public List<Fault> verify() throws IOException {
        List<Fault> faults = new ArrayList<>(versions.verify());
        for (String alias : aliases()) {
            AliasLog.Reading reading = alias(alias).read();
            faults.addAll(reading.faults());
            OptionalInt version = reading.version();
            if (version.isPresent() && !numbers().contains(version.getAsInt())) {
                String what = "it points to version " + version.getAsInt() + ", which is not there";
                faults.add(new Fault("aliases/" + alias, what));
            }
        }
        faults.addAll(decisions.verify());
        return faults;
    }
}
