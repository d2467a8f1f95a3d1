package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.collective.CollectiveBackend;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class ControlSlotTest {
    /** Floats hold counts up to 2^24 only; an epoch of one rank may have more. */
    @Property
    void countsThatRanksSendEachOtherAreExact(
            @ForAll @LongRange(min = 0, max = 1L << 47) long one,
            @ForAll @LongRange(min = 0, max = 1L << 30) long two) {
        float[][] slots = new float[2][ControlSlot.values().length];
        ControlSlot.TRAINED.put(slots[0], one);
        ControlSlot.TRAINED.put(slots[1], two);
        int low = ControlSlot.TRAINED.ordinal();
        int high = ControlSlot.TRAINED_HIGH.ordinal();
        assertThat(ControlSlot.count((double) slots[0][low] + slots[1][low], (double) slots[0][high] + slots[1][high]))
                .isEqualTo(one + two);
    }

    @Test
    void aTimeoutOfMoreThanADayIsRefused() {
        assertThatThrownBy(() -> new AllReduceSpec(
                        AllReduceSpec.Sharing.HOST,
                        CollectiveBackend.GLOO,
                        true,
                        86_401,
                        1,
                        AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS))
                .hasMessageContaining("timeoutSeconds = 86401")
                .hasMessageContaining("1 to 86400 seconds");
    }
}
