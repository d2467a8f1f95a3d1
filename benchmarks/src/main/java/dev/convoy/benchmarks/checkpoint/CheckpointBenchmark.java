package dev.convoy.benchmarks.checkpoint;

import com.sun.management.OperatingSystemMXBean;
import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.benchmarks.contest.Mnist;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.checkpoint.Checkpoint;
import dev.convoy.checkpoint.CheckpointStore;
import dev.convoy.checkpoint.ImageSetDigest;
import dev.convoy.checkpoint.Provenance;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Network;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.storage.BackgroundWriter;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains stretches of rounds, in turns with a checkpoint near their beginning, which is written while they run, and without. */
@Command(name = "checkpoint", description = "Times training beside checkpoints that are written.")
public final class CheckpointBenchmark implements Callable<Integer> {
    private static final int WORKERS = 2;

    @Option(names = "--workload", description = "LENET, VGG or RESNET18. Default: ${DEFAULT-VALUE}")
    private Workload workload = Workload.LENET;

    @Option(names = "--transport", description = "rounds or all-reduce. Default: ${DEFAULT-VALUE}")
    private String transport = "rounds";

    @Option(names = "--steps", description = "Of a stretch. Default: ${DEFAULT-VALUE}")
    private int steps = 464;

    @Option(names = "--turns", description = "Stretches of each kind. Default: ${DEFAULT-VALUE}")
    private int turns = 8;

    @Option(names = "--data", description = "Folder of MNIST. Default: ${DEFAULT-VALUE}")
    private Path data = Path.of("data/mnist");

    /** What is done with a stretch of rounds. */
    private enum Stretch {
        PLAIN,
        /** A checkpoint is written beside it. */
        CHECKPOINT
    }

    /** Has the first state that it can get written. */
    private final class Saving implements RoundObserver {
        private final Consumer<TrainingState> save;
        private volatile boolean wanting = true;

        Saving(Consumer<TrainingState> save) {
            this.save = save;
        }

        @Override
        public void roundCompleted(RoundReport round) {}

        @Override
        public boolean wantsState() {
            return wanting;
        }

        @Override
        public void stateReached(TrainingState state) {
            wanting = false;
            long began = System.nanoTime();
            save.accept(state);
            pauses.add(seconds(began));
        }
    }

    private final Map<Stretch, List<Double>> seconds = new EnumMap<>(Stretch.class);
    /** Of the whole process, which other processes disturb less than they do the clock. */
    private final Map<Stretch, List<Double>> cpu = new EnumMap<>(Stretch.class);

    private final OperatingSystemMXBean process = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private final List<Double> pauses = new ArrayList<>();
    private final List<Double> writes = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        Path folder = Files.createTempDirectory("convoy-bench-");
        try (JavaSparkContext spark = new JavaSparkContext(LocalSpark.conf("local[" + WORKERS + "]"));
                ImageShards shards = Mnist.training(spark, data, workload, workload.examples(), WORKERS);
                BackgroundWriter writer = new BackgroundWriter()) {
            run(spark, shards, writer, folder);
        } finally {
            FileUtils.deleteQuietly(folder.toFile());
        }
        return 0;
    }

    private TrainingMaster master(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec) {
        return transport.equals("rounds")
                ? new RoundsMaster(spark, shards, replica, spec)
                : new AllReduceMaster(spark, shards, replica, spec, AllReduceSpec.defaults());
    }

    private void run(JavaSparkContext spark, ImageShards shards, BackgroundWriter writer, Path folder)
            throws IOException {
        ReplicaSpec replica =
                new ReplicaSpec("torch", Placement.CPU, workload.spec(), workload.input(), workload.normalization());
        SyncSpec sync = transport.equals("rounds") ? SyncSpec.averaging(16) : SyncSpec.gradient();
        int stepsOfRound = transport.equals("rounds") ? 16 : 1;
        OptimizerSpec momentum = new OptimizerSpec.Momentum(Workload.MOMENTUM, 0);
        TrainingSpec spec = new TrainingSpec(
                1, 1_000_000, Workload.BATCH, momentum, new LearningRate(Workload.LEARNING_RATE), sync);
        FileSystem files = FileSystem.getLocal(new Configuration());
        // As in a run directory.
        files.setWriteChecksum(false);
        CheckpointStore store = new CheckpointStore(files, new org.apache.hadoop.fs.Path(folder.toString()));
        Provenance provenance = provenance(replica, shards);
        int rounds = Math.max(2, steps / stepsOfRound);
        try (TrainingMaster master = master(spark, shards, replica, spec)) {
            TrainingState state = TrainingState.start(replica.bind().initialState(1), momentum);
            state = stretch(master, state, rounds, round -> {});
            int kinds = Stretch.values().length;
            for (int i = 0; i < turns * kinds; i++) {
                // Each kind is the first, the second and the last of a turn in turn.
                Stretch kind = Stretch.values()[(i + i / kinds) % kinds];
                long began = System.nanoTime();
                long cpuBegan = process.getProcessCpuTime();
                RoundObserver observer = kind == Stretch.PLAIN
                        ? round -> {}
                        : new Saving(reached -> save(
                                writer,
                                store,
                                new Checkpoint(reached, TrainingHistory.EMPTY, provenance),
                                replica.bind()));
                state = stretch(master, state, rounds, observer);
                seconds.computeIfAbsent(kind, key -> new ArrayList<>()).add(seconds(began));
                writer.flush();
                cpu.computeIfAbsent(kind, key -> new ArrayList<>()).add((process.getProcessCpuTime() - cpuBegan) / 1e9);
            }
            report(replica.bind());
        }
    }

    /** So many rounds, over the ends of epochs. */
    private static TrainingState stretch(
            TrainingMaster master, TrainingState begin, int rounds, RoundObserver observer) {
        TrainingState state = begin;
        long end = begin.progress().globalRound() + rounds;
        while (state.progress().globalRound() < end) {
            state = master.advance(state, (int) (end - state.progress().globalRound()), observer);
        }
        return state;
    }

    private void save(BackgroundWriter writer, CheckpointStore store, Checkpoint checkpoint, Network network) {
        writer.submit("a checkpoint", () -> {
            long began = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            store.write(checkpoint, network);
            writes.add((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - began) / 1e9);
        });
    }

    private Provenance provenance(ReplicaSpec replica, ImageShards shards) {
        return new Provenance(
                "bench",
                "torch on cpu",
                WORKERS,
                1,
                Map.of(),
                Map.of("train", new ImageSetDigest(shards.examples(), 0, shards.classNames(), shards.perClass(), "")),
                replica.network(),
                shards.shape(),
                replica.normalization(),
                ClassWeights.NONE);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    private void report(Network network) {
        double plain = median(seconds.get(Stretch.PLAIN));
        double plainCpu = median(cpu.get(Stretch.PLAIN));
        System.out.printf(
                Locale.ROOT,
                "%s, %s, %,d parameters, medians of %d stretches%n",
                workload,
                transport,
                network.layout().parameterCount(),
                turns);
        System.out.printf(Locale.ROOT, "pause of the loop       %8.2f ms%n", 1000 * median(pauses));
        System.out.printf(Locale.ROOT, "CPU time of the writer  %8.1f ms%n", 1000 * median(writes));
        seconds.forEach((kind, times) -> System.out.printf(
                Locale.ROOT,
                "stretch %-15s %8.3f s  %+6.2f %%  (%.3f to %.3f)   CPU %8.3f s  %+6.2f %%%n",
                kind.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                median(times),
                100 * (median(times) / plain - 1),
                Collections.min(times),
                Collections.max(times),
                median(cpu.get(kind)),
                100 * (median(cpu.get(kind)) / plainCpu - 1)));
    }
}
