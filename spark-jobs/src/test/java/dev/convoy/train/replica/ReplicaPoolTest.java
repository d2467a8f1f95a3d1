package dev.convoy.train.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.Training;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class ReplicaPoolTest {
    private static final ReplicaSpec SPEC = Training.replica(NamedNetwork.MLP.spec(10), new OptimizerSpec.Sgd(0.0));

    @Test
    void tasksInTurnShareOneReplicaAndItsThread() throws InterruptedException {
        Thread owner = ReplicaPool.with(SPEC, trainer -> Thread.currentThread());
        LocalTrainer first = ReplicaPool.with(SPEC, trainer -> trainer);
        assertThat(ReplicaPool.<LocalTrainer>with(SPEC, trainer -> trainer)).isSameAs(first);
        assertThat(ReplicaPool.<Thread>with(SPEC, trainer -> Thread.currentThread()))
                .isSameAs(owner)
                .isNotSameAs(Thread.currentThread());
    }

    @Test
    void tasksAtOnceHaveAReplicaEach() {
        CountDownLatch both = new CountDownLatch(2);
        Set<LocalTrainer> trainers = ConcurrentHashMap.newKeySet();
        Runnable task = () -> {
            try {
                ReplicaPool.with(SPEC, trainer -> {
                    both.countDown();
                    await(both);
                    return trainers.add(trainer);
                });
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        CompletableFuture.allOf(
                        CompletableFuture.runAsync(task, run -> new Thread(run).start()),
                        CompletableFuture.runAsync(task, run -> new Thread(run).start()))
                .join();
        assertThat(trainers).hasSize(2);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aReplicaThatFailedIsNotLentAgain() throws InterruptedException {
        LocalTrainer first = ReplicaPool.with(SPEC, trainer -> trainer);
        assertThatThrownBy(() -> ReplicaPool.with(SPEC, trainer -> {
                    assertThat(trainer).isSameAs(first);
                    throw new IllegalArgumentException("as a test");
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("as a test");
        assertThat(ReplicaPool.<LocalTrainer>with(SPEC, trainer -> trainer)).isNotSameAs(first);
    }

    @Test
    void anotherKindOfReplicaTakesTheIdleOnesPlace() throws InterruptedException {
        LocalTrainer first = ReplicaPool.with(SPEC, trainer -> trainer);
        ReplicaPool.with(Training.replica(Training.SMALL, new OptimizerSpec.Sgd(0.0)), trainer -> trainer);
        assertThat(ReplicaPool.<LocalTrainer>with(SPEC, trainer -> trainer)).isNotSameAs(first);
    }
}
