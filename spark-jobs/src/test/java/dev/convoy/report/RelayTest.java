package dev.convoy.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Closeable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RelayTest {
    @Test
    void allCallsAreMadeInOrder() {
        List<Integer> heard = new ArrayList<>();
        try (Relay<List<Integer>> relay = new Relay<>(heard)) {
            IntStream.range(0, 1000).forEach(i -> relay.tell(list -> list.add(i)));
        }
        assertThat(heard)
                .containsExactlyElementsOf(IntStream.range(0, 1000).boxed().toList());
    }

    @Test
    void whoeverThrowsIsNotCalledAgain() {
        List<Integer> heard = new ArrayList<>();
        try (Relay<List<Integer>> relay = new Relay<>(heard)) {
            relay.tell(list -> list.add(1));
            relay.tell(list -> {
                throw new AssertionError("broken");
            });
            relay.tell(list -> list.add(2));
        }
        assertThat(heard).containsExactly(1);
    }

    /** What must not be missed still fits when rounds have filled the queue; what holds memory does not wait in it. */
    @Test
    void someCallsComeBeforeOthers() throws InterruptedException {
        List<String> heard = new ArrayList<>();
        CountDownLatch go = new CountDownLatch(1);
        try (Relay<List<String>> relay = new Relay<>(heard)) {
            relay.tell(list -> go.await());
            IntStream.range(0, 10_000).forEach(i -> relay.tell(list -> list.add("round")));
            relay.tellSurely(list -> list.add("epoch"));
            relay.tellIfQuick(list -> list.add("weights"));
            go.countDown();
        }
        assertThat(heard).endsWith("epoch").doesNotContain("weights").hasSizeBetween(3000, 4096);
    }

    @Test
    void whoeverCanBeClosedIsEvenIfItFails() {
        for (boolean fails : new boolean[] {false, true}) {
            AtomicInteger closed = new AtomicInteger();
            try (Relay<Closeable> relay = new Relay<>(closed::incrementAndGet)) {
                relay.tell(target -> {
                    if (fails) {
                        throw new OutOfMemoryError("as if");
                    }
                });
            }
            assertThat(closed).hasValue(1);
        }
    }

    @Test
    void whoeverIsInterruptedLetsCallsBeMade() {
        List<Integer> heard = new ArrayList<>();
        CountDownLatch go = new CountDownLatch(1);
        try (Relay<List<Integer>> relay = new Relay<>(heard)) {
            relay.tell(list -> go.await());
            relay.tell(list -> list.add(1));
            Thread.currentThread().interrupt();
            // Most likely while the relay is closed, whose caller waits for it.
            CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS).execute(go::countDown);
        }
        assertThat(Thread.interrupted()).isTrue();
        assertThat(heard).containsExactly(1);
    }

    @Test
    void whoeverHangsHoldsNobodyUp() throws InterruptedException {
        CountDownLatch called = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        try (Relay<Object> relay = new Relay<>(new Object(), Duration.ofMillis(10))) {
            relay.tell(target -> {
                called.countDown();
                try {
                    new CountDownLatch(1).await();
                } finally {
                    interrupted.countDown();
                }
            });
            called.await();
            // More than the queue takes: what does not fit is dropped.
            IntStream.range(0, 10_000).forEach(i -> relay.tell(target -> {}));
        }
        assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
    }
}
