package dev.convoy.collective;

import dev.convoy.data.InvalidValueException;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What all members of a {@link Collective} agree on.
 *
 * @param members all of them, who have the ranks from 0 on, each once
 * @param length floats in the vector, at least 0
 * @param early how many floats at the vector's beginning may go ahead of the others, 0 to {@code length}
 * @param deferred how many floats at the vector's beginning are summed piece by piece when they are read, where that can be, 0 to {@code
 *     length}
 * @param slots floats that each rank has beside the vector, at least 1
 * @param held lengths of vectors that a group's members hold together, beside those that are summed, in floats; a group has them if all of
 *     its members want them
 * @param use of the memory that a group's members share
 * @param backend the library by which groups sum
 * @param compression the format in which vectors leave a group; slots stay exact
 * @param timeoutSeconds how long one member waits for another, at least 1
 */
public record CollectiveShape(
        List<Member> members,
        int length,
        int early,
        int deferred,
        int slots,
        List<Integer> held,
        MemoryUse use,
        CollectiveBackend backend,
        Compression compression,
        long timeoutSeconds) {
    /**
     * Who takes part.
     *
     * @param group the name of its group; the members of a group can map the same files
     * @param ranks whose vectors it brings, at least one, ascending
     */
    public record Member(String group, List<Integer> ranks) {
        public Member {
            ranks = List.copyOf(ranks);
            if (ranks.isEmpty()) {
                throw new InvalidValueException("ranks", ranks, "a member needs at least one");
            }
        }
    }

    public CollectiveShape {
        members = List.copyOf(members);
        held = List.copyOf(held);
        check("length", length, length >= 0, "it must be at least 0");
        check("early", early, early >= 0 && early <= length, "it must be 0 to " + length + ", the length");
        check("deferred", deferred, deferred >= 0 && deferred <= length, "it must be 0 to " + length + ", the length");
        check("slots", slots, slots >= 1, "it must be at least 1");
        check("timeoutSeconds", timeoutSeconds, timeoutSeconds >= 1, "it must be at least 1");
    }

    private static void check(String property, long value, boolean valid, String allowed) {
        if (!valid) {
            throw new InvalidValueException(property, value, allowed);
        }
    }

    /** Floats in a vector with the slots of all ranks behind it. */
    int wholeLength() {
        return Math.addExact(length, Math.multiplyExact(ranks(), slotsOfRank()));
    }

    /** The number of ranks. */
    int ranks() {
        return members.stream().mapToInt(member -> member.ranks.size()).sum();
    }

    /** The names of all groups, in the order of their first members. */
    List<String> groups() {
        return members.stream().map(Member::group).distinct().toList();
    }

    /** By rank, the number of its group in {@link #groups}: who is summed with whom first, on which the last bits of sums depend. */
    public List<Integer> grouping() {
        List<String> groups = groups();
        return IntStream.range(0, ranks())
                .mapToObj(rank -> members.stream()
                        .filter(member -> member.ranks.contains(rank))
                        .map(member -> groups.indexOf(member.group))
                        .findFirst()
                        .orElseThrow())
                .toList();
    }

    /** The caller's slots, and {@link #announcedWeight} behind them. */
    int slotsOfRank() {
        return slots + 1;
    }

    /** The slot for the weight that a rank announces with the first part that it submits. */
    int announcedWeight() {
        return slots;
    }

    /** Where a slot of a rank lies in a whole vector. */
    int slotAt(int rank, int slot) {
        return length + rank * slotsOfRank() + slot;
    }

    /** All members of a member's group, ascending. */
    int[] membersOfGroup(int member) {
        String group = members.get(member).group;
        return IntStream.range(0, members.size())
                .filter(other -> members.get(other).group.equals(group))
                .toArray();
    }

    /** All ranks of some members, ascending. */
    int[] ranksOf(int[] some) {
        return IntStream.of(some)
                .flatMap(member -> members.get(member).ranks.stream().mapToInt(Integer::intValue))
                .sorted()
                .toArray();
    }

    /** The first rank of each of some members. */
    int[] firstRanks(int[] some) {
        return IntStream.of(some)
                .map(member -> members.get(member).ranks.get(0))
                .toArray();
    }
}
