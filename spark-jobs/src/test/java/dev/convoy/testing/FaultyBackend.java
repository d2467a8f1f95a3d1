package dev.convoy.testing;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;
import java.util.function.ToDoubleFunction;

/** A real backend whose gradients come out multiplied, as broken hardware might have it. */
public final class FaultyBackend implements ComputeBackend {
    /** Of executors: the step at which worker 1 fails. */
    public static final String STEP = "convoy.test.faulty-step";

    /** What a step's gradient and loss are multiplied by. */
    public static volatile ToDoubleFunction<StepKey> factor =
            step -> step.worker() == 1 && step.globalStep() == Integer.getInteger(STEP, -1) ? Double.NaN : 1;

    /** What is done to a replica's parameters before a step. */
    public static volatile BiConsumer<StepKey, Vector> disturbance = (step, parameters) -> {};

    @Override
    public String name() {
        return "faulty";
    }

    @Override
    public void checkSupport(Network network, Placement placement) {
        ComputeBackend.named(Training.BACKEND).checkSupport(network, placement);
    }

    @Override
    public Replica newReplica(Network network, Normalization normalization, Placement placement) {
        return new FaultyReplica(ComputeBackend.named(Training.BACKEND).newReplica(network, normalization, placement));
    }

    private record FaultyReplica(Replica sound) implements Replica {
        @Override
        public double train(ImageBatch batch, StepKey step) {
            disturbance.accept(step, sound.parameters());
            double by = factor.applyAsDouble(step);
            double loss = sound.train(batch, step);
            sound.gradient().scale((float) by);
            return loss * by;
        }

        @Override
        public boolean hasGradientInParts() {
            return true;
        }

        @Override
        public double train(ImageBatch batch, StepKey step, IntConsumer finished) {
            double loss = train(batch, step);
            finished.accept(gradient().length() / 3);
            return loss;
        }

        @Override
        public Vector parameters() {
            return sound.parameters();
        }

        @Override
        public Vector buffers() {
            return sound.buffers();
        }

        @Override
        public Vector gradient() {
            return sound.gradient();
        }

        @Override
        public Vector newVector(int length) {
            return sound.newVector(length);
        }

        @Override
        public double[] outputs(ImageBatch batch) {
            return sound.outputs(batch);
        }

        @Override
        public void close() {
            sound.close();
        }
    }
}
