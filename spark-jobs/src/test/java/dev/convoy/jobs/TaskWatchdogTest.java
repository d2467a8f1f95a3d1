package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.testing.SparkExtension;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.TaskLocality;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class TaskWatchdogTest {
    private final AtomicLong clock = new AtomicLong();
    private final TaskWatchdog watchdog = new TaskWatchdog(clock::get);

    private static TaskInfo task(long id) {
        return new TaskInfo(id, 3, 0, 3, 0, "7", "node-1", TaskLocality.ANY(), false);
    }

    private void start(long id) {
        watchdog.onTaskStart(new SparkListenerTaskStart(1, 0, task(id)));
    }

    private void end(long id) {
        watchdog.onTaskEnd(new SparkListenerTaskEnd(1, 0, "ResultTask", null, task(id), null, null));
    }

    @Test
    void aTaskThatTakesManyTimesWhatIsUsualIsNamedNowAndThen() {
        for (int id = 0; id < 5; id++) {
            start(id);
            clock.addAndGet(10_000);
            end(id);
        }
        start(9);
        clock.addAndGet(TaskWatchdog.FACTOR * 10_000);
        assertThat(watchdog.look()).isEmpty();
        clock.addAndGet(1000);
        assertThat(watchdog.look().get(9L))
                .contains("Task 3", "executor 7 (node-1)", "has run for 201 s", "10.0 s are usual");
        assertThat(watchdog.look()).as("not again so soon").isEmpty();
        clock.addAndGet(202_000);
        assertThat(watchdog.look()).containsKey(9L);
        end(9);
        assertThat(watchdog.look()).isEmpty();
    }

    @Test
    void shortTasksMayTakeAMinuteAndTheFirstOfAKindTen() {
        start(1);
        clock.addAndGet(TaskWatchdog.UNUSUAL_MILLIS);
        assertThat(watchdog.look()).isEmpty();
        clock.addAndGet(1);
        assertThat(watchdog.look()).containsKey(1L);
        end(1);
        for (int id = 2; id < 9; id++) {
            start(id);
            end(id);
        }
        start(9);
        clock.addAndGet(TaskWatchdog.MIN_MILLIS);
        assertThat(watchdog.look()).isEmpty();
        clock.addAndGet(1);
        assertThat(watchdog.look()).containsKey(9L);
    }

    /** Spark's queue of events would be left behind for good, and whoever closes the next one would wait for ever. */
    @Test
    @Timeout(60)
    void anInterruptedThreadClosesItAndStaysInterrupted(JavaSparkContext spark) {
        TaskWatchdog first = TaskWatchdog.watch(spark);
        Thread.currentThread().interrupt();
        first.close();
        assertThat(Thread.interrupted()).isTrue();
        TaskWatchdog.watch(spark).close();
    }
}
