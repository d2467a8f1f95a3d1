package dev.convoy.collective;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What one member reaches the others by: the memory that its group shares and, if this member leads its group and there
 * are other groups, the process group of all leaders. The first member of a group leads it.
 */
final class Communicator implements AutoCloseable {
    private final int member;
    private final CollectiveShape shape;
    private final int[] members;
    private final int[] ranks;
    private final int place;
    private final SharedMemory memory;
    private boolean holds;
    private final Optional<ProcessGroup> leaders;

    /**
     * Connects this member; all members do so at the same time. The parameters are those of {@link Collective}.
     *
     * @throws PeerLostException if a member fails or does not come in time
     */
    Communicator(
            int member,
            CollectiveShape shape,
            String address,
            OptionalInt gpu,
            Function<String, List<String>> channel,
            BooleanSupplier cancelled) {
        this.member = member;
        this.shape = shape;
        this.members = shape.membersOfGroup(member);
        this.ranks = shape.ranksOf(members);
        this.place = Arrays.binarySearch(members, member);
        this.memory = shareMemory(address, channel, cancelled);
        try {
            leaders = hasOtherGroups() ? connectLeaders(new Rendezvous(channel), address, gpu) : Optional.empty();
        } catch (RuntimeException | Error e) {
            giveUp(memory);
            throw e;
        }
    }

    /** Takes over memory if all members of all groups have kept theirs; if not, leaders make some. */
    private SharedMemory shareMemory(
            String address, Function<String, List<String>> channel, BooleanSupplier cancelled) {
        boolean wantsHeld = !shape.held().isEmpty();
        Optional<SharedMapping> kept = SharedMapping.reserve(shape.use(), group(), countersSize(), lengths(wantsHeld));
        // Its counters are set to zero before others hear of it.
        Optional<SharedMemory> again = kept.map(mapping -> view(mapping, cancelled));
        boolean reused = false;
        List<MemberInfo> infos;
        try {
            String file = kept.map(mapping -> mapping.file().toString()).orElse("");
            infos = MemberInfo.of(file, address, wantsHeld).allGather(channel);
            holds = IntStream.of(members).allMatch(other -> infos.get(other).holds());
            reused = IntStream.range(0, infos.size()).allMatch(other -> hasKept(other, infos));
        } finally {
            if (!reused) {
                again.ifPresent(Communicator::giveUp);
            }
        }
        if (reused) {
            return met(again.orElseThrow());
        }
        if (infos.stream().anyMatch(other -> !other.file().isEmpty())) {
            // Nobody asks for more memory before all have freed what they had kept.
            var unused = channel.apply("");
        }
        if (place > 0) {
            return met(view(map(leadersFile("", channel)), cancelled));
        }
        long size = SharedMemory.size(members.length, lengths(holds));
        try (SharedFile file = SharedFile.create(size)) {
            return met(view(map(leadersFile(file.path().toString(), channel)), cancelled));
        }
    }

    /** The file that the leader of this member's group tells of. */
    private Path leadersFile(String ownMessage, Function<String, List<String>> channel) {
        return Path.of(channel.apply(ownMessage).get(members[0]));
    }

    /** Whether a member has kept a file, and its group's first member the same one. */
    private boolean hasKept(int other, List<MemberInfo> infos) {
        String file = infos.get(other).file();
        return !file.isEmpty()
                && file.equals(infos.get(shape.membersOfGroup(other)[0]).file());
    }

    private SharedMapping map(Path file) {
        try {
            return SharedMapping.map(shape.use(), group(), file, countersSize(), lengths(holds));
        } catch (IOException e) {
            // Either no file system is shared, or the member that made the file has failed and deleted it.
            throw new PeerLostException(
                    "Cannot share memory with the other executors of this host through " + file + ": "
                            + e.getMessage() + "; where executors have file systems of their own, let only the workers"
                            + " of one executor share memory",
                    e);
        }
    }

    private SharedMemory view(SharedMapping mapping, BooleanSupplier cancelled) {
        return new SharedMemory(mapping, place, shape.firstRanks(members), shape.timeoutSeconds(), cancelled);
    }

    /** Waits until all members of the group have the memory. */
    private static SharedMemory met(SharedMemory memory) {
        try {
            memory.await();
            return memory;
        } catch (RuntimeException | Error e) {
            giveUp(memory);
            throw e;
        }
    }

    /** Leaves memory that nobody may take over. */
    private static void giveUp(SharedMemory memory) {
        memory.abandon();
        memory.close();
    }

    private String group() {
        return shape.members().get(member).group();
    }

    private long countersSize() {
        return SharedMemory.countersSize(members.length);
    }

    /** Of a vector for each rank of the group, one for what of the total is not deferred, and those that are held. */
    private List<Integer> lengths(boolean withHeld) {
        List<Integer> lengths = new ArrayList<>(Collections.nCopies(ranks.length, shape.wholeLength()));
        lengths.add(shape.wholeLength() - deferred(withHeld));
        lengths.addAll(withHeld ? shape.held() : List.of());
        return lengths;
    }

    /** Whether the group's members hold {@link CollectiveShape#held} vectors together. */
    boolean holds() {
        return holds;
    }

    private Optional<ProcessGroup> connectLeaders(Rendezvous rendezvous, String address, OptionalInt gpu) {
        if (place > 0) {
            rendezvous.standBy();
            return Optional.empty();
        }
        List<String> groups = shape.groups();
        int leader = groups.indexOf(group());
        ProcessGroup.Options options =
                new ProcessGroup.Options(leader, groups.size(), address, gpu, shape.timeoutSeconds());
        return Optional.of(new ProcessGroup(rendezvous, options, shape.backend()));
    }

    boolean hasOtherGroups() {
        return members.length < shape.members().size();
    }

    /** How many floats at the vector's beginning are summed only when they are read: none if other groups' sums are needed. */
    int deferred() {
        return deferred(holds);
    }

    private int deferred(boolean withHeld) {
        return withHeld && !hasOtherGroups() ? shape.deferred() : 0;
    }

    /** How many members this member's group has. */
    int groupSize() {
        return members.length;
    }

    /** This member's place in its group, from 0. */
    int place() {
        return place;
    }

    /** All ranks of this member's group, ascending. */
    int[] ranks() {
        return ranks;
    }

    /** The memory of this member's group; the communicator owns it. */
    SharedMemory memory() {
        return memory;
    }

    /** The leaders of all groups, if this member is one of them and not the only one; the communicator owns the group. */
    Optional<ProcessGroup> leaders() {
        return leaders;
    }

    /** Tells the other members not to wait for this one any more. */
    void abandon() {
        memory.abandon();
        leaders.ifPresent(ProcessGroup::abandon);
    }

    @Override
    public void close() {
        leaders.ifPresent(ProcessGroup::close);
        memory.close();
    }
}
