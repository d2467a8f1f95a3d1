package dev.convoy.train.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.Replica;
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
    private static final ReplicaSpec SPEC = Training.replica(NamedNetwork.MLP.spec(10));

    @Test
    void tasksInTurnShareOneReplicaAndItsThread() throws InterruptedException {
        Thread owner = ReplicaPool.withReplica(SPEC, replica -> Thread.currentThread());
        Replica first = ReplicaPool.withReplica(SPEC, replica -> replica);
        assertThat(ReplicaPool.<Replica>withReplica(SPEC, replica -> replica)).isSameAs(first);
        assertThat(ReplicaPool.<Thread>withReplica(SPEC, replica -> Thread.currentThread()))
                .isSameAs(owner)
                .isNotSameAs(Thread.currentThread());
    }

    @Test
    void tasksAtOnceHaveAReplicaEach() {
        CountDownLatch both = new CountDownLatch(2);
        Set<Replica> replicas = ConcurrentHashMap.newKeySet();
        Runnable task = () -> {
            try {
                ReplicaPool.withReplica(SPEC, replica -> {
                    both.countDown();
                    await(both);
                    return replicas.add(replica);
                });
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        CompletableFuture.allOf(
                        CompletableFuture.runAsync(task, run -> new Thread(run).start()),
                        CompletableFuture.runAsync(task, run -> new Thread(run).start()))
                .join();
        assertThat(replicas).hasSize(2);
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
        Replica first = ReplicaPool.withReplica(SPEC, replica -> replica);
        assertThatThrownBy(() -> ReplicaPool.withReplica(SPEC, replica -> {
                    assertThat(replica).isSameAs(first);
                    throw new IllegalArgumentException("as a test");
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("as a test");
        assertThat(ReplicaPool.<Replica>withReplica(SPEC, replica -> replica)).isNotSameAs(first);
    }

    @Test
    void evaluationSharesTheReplicaOfTraining() throws InterruptedException {
        OptimizerSpec sgd = new OptimizerSpec.Sgd(0.0);
        Replica trained = ReplicaPool.withTrainer(SPEC, sgd, LocalTrainer::replica);
        assertThat(ReplicaPool.<Replica>withReplica(SPEC, replica -> replica)).isSameAs(trained);
        assertThat(ReplicaPool.<Replica>withTrainer(SPEC, sgd, LocalTrainer::replica))
                .isSameAs(trained);
    }

    @Test
    void networksThatTakeTurnsKeepTheirReplicas() throws InterruptedException {
        ReplicaSpec other = Training.replica(Training.SMALL);
        Replica first = ReplicaPool.withReplica(SPEC, replica -> replica);
        Replica second = ReplicaPool.withReplica(other, replica -> replica);
        assertThat(ReplicaPool.<Replica>withReplica(SPEC, replica -> replica)).isSameAs(first);
        assertThat(ReplicaPool.<Replica>withReplica(other, replica -> replica)).isSameAs(second);
    }

    @Test
    void aKindThatWasNotAskedForInALongTimeIsLetGo() throws InterruptedException {
        Replica first = ReplicaPool.withReplica(SPEC, replica -> replica);
        for (int units = 0; units < ReplicaPool.MAX_KINDS; units++) {
            ReplicaSpec other = Training.replica(NamedNetwork.MLP.spec(11 + units));
            ReplicaPool.withReplica(other, replica -> replica);
        }
        assertThat(ReplicaPool.<Replica>withReplica(SPEC, replica -> replica)).isNotSameAs(first);
    }
}
