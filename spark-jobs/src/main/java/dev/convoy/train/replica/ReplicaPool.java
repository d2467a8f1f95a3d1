package dev.convoy.train.replica;

import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.optimizer.OptimizerSpec;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.apache.commons.lang3.exception.ExceptionUtils;

/**
 * The replicas of one JVM: one for each task that runs at a time, built once, each owned by a thread of its own that does
 * all of its native work. Nothing that matters lives here: a task brings the whole state along. Idle replicas of the kinds that were
 * asked for last stay, so that networks which train in turn do not build each other anew.
 */
public final class ReplicaPool {
    /** Kinds of which idle replicas are kept. */
    static final int MAX_KINDS = 2;

    /** By kind, wherever it computes, the one asked for last at the end. */
    private static final Map<ReplicaSpec, Deque<Owner>> IDLE = new LinkedHashMap<>(16, 0.75f, true);

    private static final ThreadFactory THREADS = new BasicThreadFactory.Builder()
            .namingPattern("convoy-replica-%d")
            .daemon(true)
            .build();

    private ReplicaPool() {}

    /**
     * Lends a replica and waits until the work on it is done. If the caller is interrupted, the work runs to its end all the same before
     * its replica is lent again.
     *
     * @param work runs on the thread that owns the replica; its vectors hold what the last work has left
     */
    public static <T> T withReplica(ReplicaSpec spec, Function<Replica, T> work) throws InterruptedException {
        return with(spec, owner -> work.apply(owner.replica()));
    }

    /** As {@link #ask}, and waits. */
    public static <T> T withModel(ReplicaSpec spec, String model, Consumer<Replica> load, Function<Replica, T> work)
            throws InterruptedException {
        return await(ask(spec, model, load, work));
    }

    /**
     * Lends a replica that holds a model, which is loaded unless the last work on the replica was with the same one, and does not wait.
     *
     * @param model names it among all of this process
     * @param load gives a replica the model
     * @param work must leave the model as it is
     */
    public static <T> Future<T> ask(ReplicaSpec spec, String model, Consumer<Replica> load, Function<Replica, T> work) {
        return borrowed(spec, owner -> {
            Replica replica = owner.replica();
            if (!model.equals(owner.model)) {
                load.accept(replica);
                owner.model = model;
            }
            return work.apply(replica);
        });
    }

    /** Waits for work, and fails as it does. */
    public static <T> T await(Future<T> work) throws InterruptedException {
        try {
            return work.get();
        } catch (ExecutionException e) {
            return ExceptionUtils.rethrow(e.getCause());
        }
    }

    /**
     * Lends a replica with an optimizer beside it, as {@link #withReplica} does.
     *
     * @param work is to load a state first
     */
    public static <T> T withTrainer(ReplicaSpec spec, OptimizerSpec optimizer, Function<LocalTrainer, T> work)
            throws InterruptedException {
        return with(spec, owner -> work.apply(owner.trainer(optimizer)));
    }

    /** Whoever is lent a replica may leave anything in it. */
    private static <T> T with(ReplicaSpec spec, Function<Owner, T> work) throws InterruptedException {
        return await(borrowed(spec, owner -> {
            owner.model = "";
            return work.apply(owner);
        }));
    }

    private static <T> Future<T> borrowed(ReplicaSpec spec, Function<Owner, T> work) {
        Owner owner = borrow(spec);
        return CompletableFuture.supplyAsync(() -> work.apply(owner), owner.thread)
                .whenComplete((result, failure) -> {
                    if (failure == null) {
                        giveBack(owner);
                    } else {
                        // Nobody knows what a failure left open in native code.
                        owner.close();
                    }
                });
    }

    private static synchronized Owner borrow(ReplicaSpec spec) {
        Deque<Owner> kind = IDLE.computeIfAbsent(spec.anywhere(), key -> new ArrayDeque<>());
        Optional<Owner> idle =
                kind.stream().filter(owner -> owner.spec.equals(spec)).findFirst();
        if (idle.isPresent()) {
            kind.remove(idle.get());
            return idle.get();
        }
        for (Iterator<Deque<Owner>> eldestFirst = IDLE.values().iterator(); IDLE.size() > MAX_KINDS; ) {
            eldestFirst.next().forEach(Owner::close);
            eldestFirst.remove();
        }
        return new Owner(spec);
    }

    private static synchronized void giveBack(Owner owner) {
        IDLE.computeIfAbsent(owner.spec.anywhere(), key -> new ArrayDeque<>()).push(owner);
    }

    /** A thread and the replica that it owns. */
    private static final class Owner {
        private final ReplicaSpec spec;
        private final ExecutorService thread = Executors.newSingleThreadExecutor(THREADS);
        private Replica replica;
        private LocalTrainer trainer;
        /** What the replica holds; empty if nobody knows. */
        private String model = "";

        Owner(ReplicaSpec spec) {
            this.spec = spec;
        }

        Replica replica() {
            if (replica == null) {
                replica = spec.build();
            }
            return replica;
        }

        LocalTrainer trainer(OptimizerSpec optimizer) {
            if (trainer != null && !trainer.optimizer().equals(optimizer)) {
                // The optimizer's memory lives as long as the replica.
                replica.close();
                replica = null;
                trainer = null;
            }
            if (trainer == null) {
                trainer = new LocalTrainer(replica(), spec.bind(), optimizer);
            }
            return trainer;
        }

        void close() {
            thread.execute(() -> {
                if (replica != null) {
                    replica.close();
                }
            });
            thread.shutdown();
        }
    }
}
