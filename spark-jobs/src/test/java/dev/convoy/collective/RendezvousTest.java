package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.collective.Ranks.Messages;
import dev.convoy.data.natives.Natives;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.Store;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RendezvousTest {
    @BeforeAll
    static void load() {
        Natives.TORCH.load();
    }

    @Test
    void whatOneStoreIsGivenAllHave() throws Exception {
        Messages messages = new Messages(3);
        List<String> found = Ranks.runAll(3, rank -> {
            Rendezvous rendezvous = new Rendezvous(messages.of(rank));
            if (rank == 1) {
                rendezvous.standBy();
                return "nothing";
            }
            return rendezvous.connect(store -> greet(store, rank, 2 - rank), made -> {});
        });
        assertThat(found).containsExactly("I am 2", "nothing", "I am 0");
    }

    /** Leaves a greeting for another rank, and waits for its own. */
    private static String greet(Store store, int rank, int other) {
        try (PointerScope scope = new PointerScope()) {
            byte[] greeting = ("I am " + rank).getBytes(StandardCharsets.UTF_8);
            store.set(String.valueOf(rank), new ByteVector(greeting));
            ByteVector value = store.get(String.valueOf(other));
            byte[] bytes = new byte[(int) value.size()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = value.get(i);
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    @Test
    void whatIsConnectedIsDiscardedIfAnotherRankFails() throws InterruptedException {
        List<String> discarded = Collections.synchronizedList(new ArrayList<>());
        assertThatThrownBy(() -> connectWhileRank1Fails(new CountDownLatch(0), discarded))
                .hasRootCauseInstanceOf(PeerLostException.class)
                .hasStackTraceContaining("Task 1 cannot connect: no network");
        awaitDiscarded(discarded);
    }

    /** Rank 0 cannot be stopped while it connects, and what it makes afterwards nobody gets. */
    @Test
    void whatIsConnectedLaterIsDiscardedToo() throws InterruptedException {
        CountDownLatch failed = new CountDownLatch(1);
        List<String> discarded = Collections.synchronizedList(new ArrayList<>());
        assertThatThrownBy(() -> connectWhileRank1Fails(failed, discarded))
                .hasRootCauseInstanceOf(PeerLostException.class);
        assertThat(discarded).isEmpty();
        failed.countDown();
        awaitDiscarded(discarded);
    }

    private static void awaitDiscarded(List<String> discarded) throws InterruptedException {
        for (int i = 0; i < 10_000 && discarded.isEmpty(); i++) {
            Thread.sleep(1);
        }
        assertThat(discarded).containsExactly("connection of 0");
    }

    private static void connectWhileRank1Fails(CountDownLatch slow, List<String> discarded) throws Exception {
        Messages messages = new Messages(2);
        Ranks.runAll(2, rank -> new Rendezvous(messages.of(rank))
                .connect(
                        store -> {
                            if (rank == 1) {
                                throw new IllegalStateException("no network");
                            }
                            await(slow);
                            return "connection of 0";
                        },
                        discarded::add));
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
