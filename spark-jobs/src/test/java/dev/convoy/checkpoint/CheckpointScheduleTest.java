package dev.convoy.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.checkpoint.CheckpointSchedule.Unit;
import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Progress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CheckpointScheduleTest {
    private static Progress at(int epoch, int step, long round) {
        return new Progress(epoch, 0, step, round, 0, 0, 0);
    }

    @Test
    void textsAreRead() {
        assertThat(CheckpointSchedule.parse(" 500 Rounds")).isEqualTo(new CheckpointSchedule(500, Unit.ROUND));
        assertThat(CheckpointSchedule.parse("1 epoch")).isEqualTo(new CheckpointSchedule(1, Unit.EPOCH));
        assertThat(CheckpointSchedule.parse("1000000000 hours").count()).isEqualTo(CheckpointSchedule.MAX_COUNT);
        for (String text : new String[] {"1000000001 hours", "0 rounds", "often", "-1 rounds", "5", "5 nights"}) {
            assertThatThrownBy(() -> CheckpointSchedule.parse(text)).isInstanceOf(InvalidValueException.class);
        }
        assertThatThrownBy(() -> new CheckpointSchedule(CheckpointSchedule.MAX_COUNT + 1, Unit.HOUR))
                .isInstanceOf(InvalidValueException.class);
        assertThat(Unit.EPOCH.isTime() || Unit.ROUND.isTime()).isFalse();
        assertThat(Unit.SECOND.isTime() && Unit.MINUTE.isTime() && Unit.HOUR.isTime())
                .isTrue();
    }

    @Test
    void roundsAreCountedFromTheStart() {
        CheckpointSchedule schedule = new CheckpointSchedule(3, Unit.ROUND);
        assertThat(schedule.roundsUntilDue(at(0, 0, 0))).isEqualTo(3);
        assertThat(schedule.roundsUntilDue(at(0, 7, 7))).isEqualTo(2);
        assertThat(schedule.isDue(at(0, 4, 6))).isTrue();
        assertThat(schedule.isDue(at(0, 4, 7))).isFalse();
        assertThat(schedule.isDue(Long.MAX_VALUE)).isFalse();
    }

    @Test
    void epochsAreDueAtTheirEnd() {
        CheckpointSchedule schedule = new CheckpointSchedule(2, Unit.EPOCH);
        assertThat(schedule.roundsUntilDue(at(1, 3, 9))).isEqualTo(Integer.MAX_VALUE);
        assertThat(schedule.isDue(at(2, 0, 9))).isTrue();
        assertThat(schedule.isDue(at(2, 1, 9))).isFalse();
        assertThat(schedule.isDue(at(1, 0, 9))).isFalse();
        assertThat(schedule.isDue(at(0, 0, 0))).isFalse();
        assertThat(schedule.isDue(Long.MAX_VALUE)).isFalse();
    }

    @Test
    void timeIsDueAfterItHasPassed() {
        assertThat(new CheckpointSchedule(5, Unit.SECOND).isDue(TimeUnit.SECONDS.toNanos(5)))
                .isTrue();
        assertThat(new CheckpointSchedule(5, Unit.SECOND).isDue(TimeUnit.SECONDS.toNanos(5) - 1))
                .isFalse();
        assertThat(new CheckpointSchedule(5, Unit.MINUTE).isDue(TimeUnit.MINUTES.toNanos(5)))
                .isTrue();
        assertThat(new CheckpointSchedule(5, Unit.MINUTE).isDue(TimeUnit.MINUTES.toNanos(5) - 1))
                .isFalse();
        assertThat(new CheckpointSchedule(5, Unit.HOUR).isDue(TimeUnit.HOURS.toNanos(5)))
                .isTrue();
        assertThat(new CheckpointSchedule(5, Unit.HOUR).isDue(TimeUnit.HOURS.toNanos(5) - 1))
                .isFalse();
        assertThat(new CheckpointSchedule(1, Unit.HOUR).isDue(at(1, 0, 1))).isFalse();
    }
}
