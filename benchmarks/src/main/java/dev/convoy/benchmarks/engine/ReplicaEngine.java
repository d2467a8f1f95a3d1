package dev.convoy.benchmarks.engine;

import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import dev.convoy.model.Network;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.optimizer.OptimizerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** A replica with its optimizer, as a worker drives it: from bytes and targets on the heap. */
final class ReplicaEngine implements Engine {
    /** Steps between two reads of losses. */
    static final int ROUND = 16;

    private final List<DoubleSupplier> losses = new ArrayList<>();
    private final LocalTrainer trainer;
    private final ImageBatch batch;
    private long step;

    ReplicaEngine(String backend, Workload workload) {
        Network network = workload.spec().bind(workload.input());
        OptimizerSpec optimizer = new OptimizerSpec.Momentum().withMomentum(Workload.MOMENTUM);
        this.trainer = new LocalTrainer(
                ComputeBackend.named(backend).newReplica(network, workload.normalization()), network, optimizer);
        trainer.load(
                network.initialState(1), optimizer.initialState(network.layout().parameterCount()));
        byte[] pixels = new byte[Workload.BATCH * workload.input().size()];
        new Random(1).nextBytes(pixels);
        this.batch = new ImageBatch(
                workload.input(),
                LongStream.range(0, Workload.BATCH).toArray(),
                pixels,
                IntStream.range(0, Workload.BATCH)
                        .<Target>mapToObj(i -> new Target.ClassIndex(i % Workload.CLASSES))
                        .toList());
    }

    @Override
    public void step() {
        losses.add(trainer.step(batch, new StepKey(1, step++, 0), Workload.LEARNING_RATE));
        if (losses.size() == ROUND) {
            readLosses();
        }
    }

    /** As at a round's end. */
    private void readLosses() {
        for (DoubleSupplier read : losses) {
            double loss = read.getAsDouble();
            if (!Double.isFinite(loss)) {
                throw new IllegalStateException("The loss is " + loss);
            }
        }
        losses.clear();
    }
}
