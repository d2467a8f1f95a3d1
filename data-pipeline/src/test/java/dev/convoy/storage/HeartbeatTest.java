package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class HeartbeatTest {
    @Test
    @Timeout(60)
    void aBeatThatFailsIsNotTheLast() throws Exception {
        CountDownLatch beats = new CountDownLatch(3);
        try (Heartbeat heartbeat = new Heartbeat(
                () -> {
                    beats.countDown();
                    throw new IllegalStateException("full");
                },
                Duration.ofMillis(5))) {
            assertThat(beats.await(50, TimeUnit.SECONDS)).isTrue();
        }
    }
}
