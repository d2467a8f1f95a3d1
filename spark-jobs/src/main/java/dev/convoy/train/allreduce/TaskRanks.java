package dev.convoy.train.allreduce;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The ranks that a task of a segment runs in turn.
 *
 * @param ranks at least one, ascending
 * @param location where Spark should run the task, as it writes places of partitions; empty for anywhere
 */
record TaskRanks(List<Integer> ranks, String location) implements Serializable {
    /**
     * Deals ranks to tasks, in parts of equal size give or take one. Ranks whose images are kept in one place come
     * into the same tasks as far as that goes.
     *
     * @param locations by rank, where its images are kept; empty if nobody knows
     * @param tasks at least 1 and at most as many as ranks
     * @return the tasks by their first ranks, so that rank 0 is in the first
     */
    static List<TaskRanks> deal(List<String> locations, int tasks) {
        List<Integer> neighbours = IntStream.range(0, locations.size())
                .boxed()
                .sorted(Comparator.comparing(locations::get))
                .toList();
        return IntStream.range(0, tasks)
                .mapToObj(task ->
                        neighbours.subList(neighbours.size() * task / tasks, neighbours.size() * (task + 1) / tasks))
                // If most ranks of a task are in one place, so is the one in the middle.
                .map(part -> new TaskRanks(part.stream().sorted().toList(), locations.get(part.get(part.size() / 2))))
                .sorted(Comparator.comparing(task -> task.ranks().get(0)))
                .toList();
    }
}
