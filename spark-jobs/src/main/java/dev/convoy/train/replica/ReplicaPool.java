package dev.convoy.train.replica;

import dev.convoy.model.backend.LocalTrainer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.apache.commons.lang3.exception.ExceptionUtils;

/**
 * The replicas of one JVM: one for each task that runs at a time, built once, each owned by a thread of its own that does
 * all of its native work. Nothing that matters lives here: a task brings the whole state along.
 */
public final class ReplicaPool {
    private static final Map<ReplicaSpec, Deque<Owner>> IDLE = new HashMap<>();
    private static final ThreadFactory THREADS = new BasicThreadFactory.Builder()
            .namingPattern("convoy-replica-%d")
            .daemon(true)
            .build();

    private ReplicaPool() {}

    /**
     * Runs work on a replica of this kind and waits for it. If the caller is interrupted, the work runs to its end all
     * the same before its replica is lent again.
     */
    public static <T> T with(ReplicaSpec spec, Function<LocalTrainer, T> work) throws InterruptedException {
        Owner owner = borrow(spec);
        try {
            return CompletableFuture.supplyAsync(() -> work.apply(owner.trainer(spec)), owner.thread)
                    .whenComplete((result, failure) -> {
                        if (failure == null) {
                            giveBack(spec, owner);
                        } else {
                            // Nobody knows what a failure left open in native code.
                            owner.close();
                        }
                    })
                    .get();
        } catch (ExecutionException e) {
            return ExceptionUtils.rethrow(e.getCause());
        }
    }

    private static synchronized Owner borrow(ReplicaSpec spec) {
        Owner idle = IDLE.computeIfAbsent(spec, key -> new ArrayDeque<>()).poll();
        if (idle != null) {
            return idle;
        }
        // Whoever trains something new has done with the old: idle replicas of other kinds give their memory back.
        for (Iterator<Map.Entry<ReplicaSpec, Deque<Owner>>> kinds =
                        IDLE.entrySet().iterator();
                kinds.hasNext(); ) {
            Map.Entry<ReplicaSpec, Deque<Owner>> kind = kinds.next();
            if (!kind.getKey().equals(spec)) {
                kind.getValue().forEach(Owner::close);
                kinds.remove();
            }
        }
        return new Owner();
    }

    private static synchronized void giveBack(ReplicaSpec spec, Owner owner) {
        IDLE.computeIfAbsent(spec, key -> new ArrayDeque<>()).push(owner);
    }

    /** A thread and the replica that it owns. */
    private static final class Owner {
        private final ExecutorService thread = Executors.newSingleThreadExecutor(THREADS);
        private LocalTrainer trainer;

        LocalTrainer trainer(ReplicaSpec spec) {
            if (trainer == null) {
                trainer = spec.build();
            }
            return trainer;
        }

        void close() {
            thread.execute(() -> {
                if (trainer != null) {
                    trainer.replica().close();
                }
            });
            thread.shutdown();
        }
    }
}
