package dev.convoy.collective;

import dev.convoy.collective.Collective.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * What one rank reaches the others by: the memory that its group shares and, if this rank leads its group and there are
 * other groups, the process group of all leaders. The lowest rank of a group leads it.
 */
final class Communicator implements AutoCloseable {
    private final int rank;
    private final Shape shape;
    private final int[] ranks;
    private final int groupRank;
    private final SharedMemory memory;
    private final Optional<ProcessGroup> leaders;

    /**
     * Connects this rank; all ranks do so at the same time. The parameters are those of {@link Collective}.
     *
     * @throws PeerLostException if a rank fails or does not come in time
     */
    Communicator(
            int rank,
            Shape shape,
            String address,
            OptionalInt gpu,
            Function<String, List<String>> channel,
            BooleanSupplier cancelled) {
        this.rank = rank;
        this.shape = shape;
        this.ranks = shape.ranksOfGroup(rank);
        this.groupRank = Arrays.binarySearch(ranks, rank);
        this.memory = shareMemory(RankInfo.of(address), channel, cancelled);
        try {
            leaders = hasOtherGroups() ? connectLeaders(new Rendezvous(channel), address, gpu) : Optional.empty();
        } catch (RuntimeException | Error e) {
            memory.abandon();
            memory.close();
            throw e;
        }
    }

    /** Maps the memory of the group, whose file its leader creates, and deletes when all have mapped it. */
    private SharedMemory shareMemory(RankInfo info, Function<String, List<String>> channel, BooleanSupplier cancelled) {
        if (groupRank > 0) {
            return map(info, channel, cancelled);
        }
        try (SharedFile file = SharedFile.create(SharedMemory.size(ranks.length, shape.wholeLength()))) {
            return map(info.withFile(file.path()), channel, cancelled);
        }
    }

    private SharedMemory map(RankInfo info, Function<String, List<String>> channel, BooleanSupplier cancelled) {
        Path file = Path.of(info.allGather(rank, channel).get(ranks[0]).file());
        SharedMemory mapped =
                new SharedMemory(file, groupRank, ranks, shape.wholeLength(), shape.timeoutSeconds(), cancelled);
        try {
            mapped.await();
            return mapped;
        } catch (RuntimeException | Error e) {
            mapped.abandon();
            mapped.close();
            throw e;
        }
    }

    private Optional<ProcessGroup> connectLeaders(Rendezvous rendezvous, String address, OptionalInt gpu) {
        if (groupRank > 0) {
            rendezvous.standBy();
            return Optional.empty();
        }
        List<String> groups = shape.groups().stream().distinct().toList();
        int leader = groups.indexOf(shape.groups().get(rank));
        ProcessGroup.Options options =
                new ProcessGroup.Options(leader, groups.size(), address, gpu, shape.timeoutSeconds());
        return Optional.of(new ProcessGroup(rendezvous, options, shape.backend()));
    }

    boolean hasOtherGroups() {
        return ranks.length < shape.groups().size();
    }

    /** All ranks of this rank's group, ascending. */
    int[] ranks() {
        return ranks;
    }

    /** This rank's place in {@link #ranks}. */
    int groupRank() {
        return groupRank;
    }

    /** The memory of this rank's group; the communicator owns it. */
    SharedMemory memory() {
        return memory;
    }

    /** The leaders of all groups, if this rank is one of them and not the only one; the communicator owns the group. */
    Optional<ProcessGroup> leaders() {
        return leaders;
    }

    /** Tells the other ranks not to wait for this one any more. */
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
