package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaskRanksTest {
    @Test
    void aTaskForEveryRankIsThatRanks() {
        List<TaskRanks> tasks = TaskRanks.deal(List.of("b", "a", "b", "a"), 4);
        assertThat(tasks).extracting(TaskRanks::ranks).containsExactly(List.of(0), List.of(1), List.of(2), List.of(3));
        assertThat(tasks).extracting(TaskRanks::location).containsExactly("b", "a", "b", "a");
    }

    @Test
    void fewerTasksTakeTheRanksOfOnePlaceTogether() {
        List<TaskRanks> tasks = TaskRanks.deal(List.of("b", "a", "b", "a", "b", "a"), 2);
        assertThat(tasks).containsExactly(new TaskRanks(List.of(0, 2, 4), "b"), new TaskRanks(List.of(1, 3, 5), "a"));
    }

    /** Of three ranks in a, four in b and one in c; two tasks with four each. */
    @Test
    void whatDoesNotComeOutEvenGoesWhereMostIs() {
        List<TaskRanks> tasks = TaskRanks.deal(List.of("c", "b", "a", "b", "a", "b", "a", "b"), 2);
        assertThat(tasks)
                .containsExactly(new TaskRanks(List.of(0, 3, 5, 7), "b"), new TaskRanks(List.of(1, 2, 4, 6), "a"));
    }

    @Test
    void withoutKnownPlacesRanksStayInOrderAndPartsAreEqualGiveOrTakeOne() {
        List<TaskRanks> tasks = TaskRanks.deal(Collections.nCopies(7, ""), 3);
        assertThat(tasks).extracting(TaskRanks::ranks).containsExactly(List.of(0, 1), List.of(2, 3), List.of(4, 5, 6));
        assertThat(tasks).extracting(TaskRanks::location).containsOnly("");
    }
}
