package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HeartbeatTest {
    static Stream<Throwable> failures() {
        return Stream.of(new IllegalStateException("full"), new OutOfMemoryError("for a moment"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    @Timeout(60)
    void aBeatThatFailsIsNotTheLast(Throwable failure) throws Exception {
        CountDownLatch beats = new CountDownLatch(3);
        try (Heartbeat heartbeat = new Heartbeat(
                () -> {
                    beats.countDown();
                    ExceptionUtils.rethrow(failure);
                },
                Duration.ofMillis(5))) {
            assertThat(beats.await(50, TimeUnit.SECONDS)).isTrue();
        }
    }
}
