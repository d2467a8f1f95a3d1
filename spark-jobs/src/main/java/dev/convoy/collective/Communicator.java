package dev.convoy.collective;

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
        this.memory = shareMemory(MemberInfo.of(address, !shape.held().isEmpty()), channel, cancelled);
        try {
            leaders = hasOtherGroups() ? connectLeaders(new Rendezvous(channel), address, gpu) : Optional.empty();
        } catch (RuntimeException | Error e) {
            memory.abandon();
            memory.close();
            throw e;
        }
    }

    /** Maps the memory of the group, whose file its leader creates, and deletes when all have mapped it. */
    private SharedMemory shareMemory(
            MemberInfo info, Function<String, List<String>> channel, BooleanSupplier cancelled) {
        if (place > 0) {
            return map(info, channel, cancelled);
        }
        long size = SharedMemory.size(members.length, lengths(info.holds()));
        try (SharedFile file = SharedFile.create(size)) {
            return map(info.withFile(file.path()), channel, cancelled);
        }
    }

    private SharedMemory map(MemberInfo info, Function<String, List<String>> channel, BooleanSupplier cancelled) {
        List<MemberInfo> infos = info.allGather(channel);
        Path file = Path.of(infos.get(members[0]).file());
        holds = IntStream.of(members).allMatch(other -> infos.get(other).holds());
        SharedMemory mapped = new SharedMemory(
                file, place, shape.firstRanks(members), lengths(holds), shape.timeoutSeconds(), cancelled);
        try {
            mapped.await();
            return mapped;
        } catch (RuntimeException | Error e) {
            mapped.abandon();
            mapped.close();
            throw e;
        }
    }

    /** Of a vector for each rank of the group, one for the total, and those that are held. */
    private List<Integer> lengths(boolean withHeld) {
        List<Integer> lengths = new ArrayList<>(Collections.nCopies(ranks.length + 1, shape.wholeLength()));
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
        int leader = groups.indexOf(shape.members().get(member).group());
        ProcessGroup.Options options =
                new ProcessGroup.Options(leader, groups.size(), address, gpu, shape.timeoutSeconds());
        return Optional.of(new ProcessGroup(rendezvous, options, shape.backend()));
    }

    boolean hasOtherGroups() {
        return members.length < shape.members().size();
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
