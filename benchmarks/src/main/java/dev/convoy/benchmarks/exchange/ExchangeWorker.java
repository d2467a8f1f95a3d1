package dev.convoy.benchmarks.exchange;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.benchmarks.contest.Contestant;
import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.benchmarks.contest.Mnist;
import dev.convoy.benchmarks.contest.Shares;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.collective.CollectiveBackend;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.dl4j.Dl4jMaster;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The process behind {@link Contestant}s that exchange. For every line with an {@link ExchangeKind}, a number of local
 * steps (0 for gradient exchange) and a number of steps it trains two workers for at least as many steps and prints the
 * nanoseconds and the steps.
 *
 * <p>Arguments: workload, Spark master, folder of MNIST.
 */
final class ExchangeWorker {
    static final int WORKERS = 2;
    /** Whole splits of 16 local steps, and no more than it can train in a turn. */
    private static final int DL4J_EXAMPLES = 2 * 16 * WORKERS * Workload.BATCH;

    private static final OptimizerSpec OPTIMIZER = new OptimizerSpec.Momentum().withMomentum(Workload.MOMENTUM);

    /** Takes at least some steps; says how many. */
    private interface Contender {
        int train(int steps) throws IOException, InterruptedException, ExecutionException;

        /** Where the seconds of that went; null if it is not known. */
        default Shares shares(double seconds) throws IOException {
            return null;
        }
    }

    private ExchangeWorker() {}

    /** Runs until its input ends. */
    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        PrintStream answers = System.out;
        // Spark's shell messages must not get between the answers.
        System.setOut(System.err);
        Workload workload = Workload.valueOf(arguments[0]);
        try (JavaSparkContext spark = new JavaSparkContext(LocalSpark.conf(arguments[1]))) {
            Path data = Path.of(arguments[2]);
            ImageShards all = Mnist.training(spark, data, workload, workload.examples(), WORKERS);
            ImageShards few = Mnist.training(spark, data, workload, DL4J_EXAMPLES, WORKERS);
            Map<String, Contender> contenders = new HashMap<>();
            answers.println("ready");
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                String[] words = line.split(" ");
                String name = words[0] + " " + words[1];
                if (!contenders.containsKey(name)) {
                    ExchangeKind kind = ExchangeKind.valueOf(words[0]);
                    contenders.put(
                            name,
                            contender(spark, kind, Integer.parseInt(words[1]), workload, kind.isDl4j() ? few : all));
                }
                long began = System.nanoTime();
                int taken = contenders.get(name).train(Integer.parseInt(words[2]));
                long nanos = System.nanoTime() - began;
                Shares shares = contenders.get(name).shares(nanos / 1e9);
                answers.println(nanos + " " + taken
                        + (shares == null ? "" : " " + new ObjectMapper().writeValueAsString(shares)));
            }
        }
        System.exit(0);
    }

    private static Contender contender(
            JavaSparkContext spark, ExchangeKind kind, int localSteps, Workload workload, ImageShards shards)
            throws ExecutionException, InterruptedException {
        TrainingSpec spec = new TrainingSpec(
                1,
                1_000_000,
                workload.batch(),
                kind.isDl4j() ? new OptimizerSpec.Nesterov().withMomentum(Workload.MOMENTUM) : OPTIMIZER,
                new LearningRate(Workload.LEARNING_RATE),
                localSteps == 0 ? SyncSpec.gradient() : SyncSpec.averaging(localSteps));
        return kind.isBare()
                ? bare(shards, workload, spec, new CyclicBarrier(kind == ExchangeKind.BARE_IN_STEP ? WORKERS : 1))
                : spark(spark, kind, shards, workload, spec, localSteps);
    }

    private static Contender spark(
            JavaSparkContext spark,
            ExchangeKind kind,
            ImageShards shards,
            Workload workload,
            TrainingSpec spec,
            int localSteps) {
        String backend = kind.isDl4j() ? "dl4j" : "torch";
        ReplicaSpec replica =
                new ReplicaSpec(backend, Placement.CPU, workload.spec(), workload.input(), workload.normalization());
        AllReduceSpec.Sharing sharing =
                kind == ExchangeKind.ALL_REDUCE ? AllReduceSpec.Sharing.HOST : AllReduceSpec.Sharing.EXECUTOR;
        boolean overlap = kind != ExchangeKind.ALL_REDUCE_GLOO_AFTER;
        TrainingMaster master =
                switch (kind) {
                    case BARE, BARE_IN_STEP -> throw new IllegalArgumentException("It has no master");
                    case ROUNDS -> new RoundsMaster(spark, shards, replica, spec);
                    case ALL_REDUCE, ALL_REDUCE_GLOO, ALL_REDUCE_GLOO_AFTER -> new AllReduceMaster(
                            spark,
                            shards,
                            replica,
                            spec,
                            new AllReduceSpec(
                                    sharing,
                                    CollectiveBackend.GLOO,
                                    overlap,
                                    60,
                                    1,
                                    AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS));
                    case DL4J_SPARK_DEFAULTS -> new Dl4jMaster(
                            spark,
                            shards,
                            replica,
                            spec,
                            ParameterAveraging.every(Math.max(1, localSteps)),
                            Dl4jMaster.Tuning.DEFAULTS);
                    case DL4J_SPARK_TUNED -> new Dl4jMaster(
                            spark,
                            shards,
                            replica,
                            spec,
                            ParameterAveraging.every(Math.max(1, localSteps)),
                            Dl4jMaster.Tuning.TUNED);
                };
        TrainingState start = TrainingState.start(replica.bind().initialState(1), spec.optimizer());
        if (kind.isDl4j()) {
            return dl4j(master, start);
        }
        return new SparkContender(
                master, start, Math.max(1, localSteps), new Costs(spark, WORKERS), kind != ExchangeKind.ROUNDS);
    }

    private static final class SparkContender implements Contender {
        private final TrainingMaster master;
        private final int localSteps;
        private final Costs costs;
        private final boolean segments;
        private final List<RoundReport> rounds = new ArrayList<>();
        private TrainingState state;

        SparkContender(TrainingMaster master, TrainingState start, int localSteps, Costs costs, boolean segments) {
            this.master = master;
            this.state = start;
            this.localSteps = localSteps;
            this.costs = costs;
            this.segments = segments;
        }

        @Override
        public int train(int steps) throws IOException {
            costs.begin();
            rounds.clear();
            long begin = state.progress().globalStep();
            for (long now = begin; now < begin + steps; now = state.progress().globalStep()) {
                long missing = begin + steps - now;
                state = master.advance(state, (int) ((missing + localSteps - 1) / localSteps), rounds::add);
            }
            return (int) (state.progress().globalStep() - begin);
        }

        @Override
        public Shares shares(double seconds) throws IOException {
            return costs.end(seconds, rounds, segments);
        }
    }

    /** An epoch at a time, whatever is asked for; a step counts for what was really trained. */
    private static Contender dl4j(TrainingMaster master, TrainingState start) {
        TrainingState[] state = {start};
        return steps -> {
            long before = state[0].progress().examples();
            state[0] = master.advance(state[0], Integer.MAX_VALUE, round -> {});
            return (int) ((state[0].progress().examples() - before) / (WORKERS * Workload.BATCH));
        };
    }

    /**
     * The same batches, one thread for each worker, and nothing exchanged between them.
     *
     * @param together where they meet after every step; of one, for workers that do not wait for each other
     */
    private static Contender bare(ImageShards shards, Workload workload, TrainingSpec spec, CyclicBarrier together)
            throws ExecutionException, InterruptedException {
        List<BareWorker> workers = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
            List<byte[]> chunks = shards.chunks().collectPartitions(new int[] {worker})[0];
            workers.add(new BareWorker(worker, WorkerShard.of(chunks), shards.layout(), workload, spec));
        }
        return steps -> {
            List<Future<?>> running = new ArrayList<>();
            for (BareWorker worker : workers) {
                running.add(worker.train(steps, together));
            }
            for (Future<?> thread : running) {
                thread.get();
            }
            return steps;
        };
    }
}
