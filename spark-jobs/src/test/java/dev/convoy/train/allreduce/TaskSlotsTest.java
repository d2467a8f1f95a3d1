package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where a number is to be taken at once, waiting for it to settle would take a day. */
@Timeout(60)
class TaskSlotsTest {
    private static final long DAY = 86_400_000;

    /** Each time the next number, and at last always the same. */
    private static IntSupplier counts(Integer... counts) {
        Deque<Integer> left = new ArrayDeque<>(List.of(counts));
        return () -> left.size() == 1 ? left.peek() : left.poll();
    }

    @Test
    void enoughSlotsAreTakenAtOnce() {
        assertThat(new TaskSlots(counts(9), DAY, 60).await(4, 0)).isEqualTo(4);
        assertThat(new TaskSlots(counts(0, 1, 4), DAY, 60).await(4, 0)).isEqualTo(4);
    }

    @Test
    void asManyAsBeforeAreTakenAtOnce() {
        assertThat(new TaskSlots(counts(2), DAY, 60).await(4, 2)).isEqualTo(2);
        assertThat(new TaskSlots(counts(1, 2), DAY, 60).await(4, 2))
                .as("replaced")
                .isEqualTo(2);
    }

    @Test
    void fewerAreTakenOnceTheyHaveSettled() {
        assertThat(new TaskSlots(counts(1), 1, 60).await(4, 2)).isEqualTo(1);
        assertThat(new TaskSlots(counts(1, 3), 2_000, 60).await(4, 2)).isEqualTo(3);
    }

    @Test
    void numbersThatNeverSettleAreTakenInTheEndAndNoneIsRefused() {
        assertThat(new TaskSlots(counts(1), DAY, 1).await(4, 2)).isEqualTo(1);
        assertThatThrownBy(() -> new TaskSlots(counts(0), 1, 1).await(4, 0))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot run any worker: Spark has had no task slot for 1 s");
    }
}
