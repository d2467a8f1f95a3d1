package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.testing.SparkExtension;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
@Timeout(60)
class OwnJobsTest {
    /** Tasks are threads of this process. */
    private static final CountDownLatch LET_GO = new CountDownLatch(1);

    private static JavaFutureAction<List<Boolean>> waiting(JavaSparkContext spark) {
        return spark.parallelize(List.of(0), 1)
                .map(nothing -> {
                    while (!LET_GO.await(10, TimeUnit.MILLISECONDS)) {
                        TaskContext.get().killTaskIfInterrupted();
                    }
                    return true;
                })
                .collectAsync();
    }

    @Test
    void jobsOfOthersGoOn(JavaSparkContext spark) throws Exception {
        JavaFutureAction<List<Boolean>> before = waiting(spark);
        JavaFutureAction<List<Boolean>> own;
        try (OwnJobs jobs = new OwnJobs(spark)) {
            own = waiting(spark);
            jobs.cancel();
            assertThatThrownBy(own::get).hasStackTraceContaining("cancelled");
        }
        JavaFutureAction<List<Boolean>> left;
        try (OwnJobs jobs = new OwnJobs(spark)) {
            left = waiting(spark);
        }
        assertThatThrownBy(left::get).as("nobody waits for it").hasStackTraceContaining("cancelled");
        LET_GO.countDown();
        assertThat(before.get()).containsExactly(true);
        assertThat(waiting(spark).get()).as("behind it").containsExactly(true);
        assertThat(spark.sc().getJobTags().isEmpty()).isTrue();
    }
}
