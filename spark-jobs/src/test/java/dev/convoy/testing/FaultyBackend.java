package dev.convoy.testing;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;
import java.util.function.ToDoubleFunction;

/** A real backend whose gradients come out multiplied, as broken hardware might have it. */
public final class FaultyBackend implements ComputeBackend {
    /** Of executors: the step at which worker 1 fails. */
    public static final String STEP = "convoy.test.faulty-step";

    /** Sound, but for the step of {@link #STEP}. */
    public static final ToDoubleFunction<StepKey> SOUND =
            step -> step.worker() == 1 && step.globalStep() == Integer.getInteger(STEP, -1) ? Double.NaN : 1;

    /** What a step's gradient and loss are multiplied by; whoever sets it puts {@link #SOUND} back. */
    public static volatile ToDoubleFunction<StepKey> factor = SOUND;

    /** Of executors: a file that does not exist; who comes to {@link #HALT_STEP} first makes it and ends its process. */
    public static final String HALT_FILE = "convoy.test.halt-file";

    /** Of executors: the step at which worker 1 ends its process. */
    public static final String HALT_STEP = "convoy.test.halt-step";

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
        public DoubleSupplier propagate(ImageBatch batch, StepKey step, Optional<IntConsumer> finished) {
            disturbance.accept(step, sound.parameters());
            haltAt(step);
            double by = factor.applyAsDouble(step);
            DoubleSupplier loss = sound.propagate(batch, step, Optional.empty());
            sound.gradient().scale((float) by);
            finished.ifPresent(listener -> listener.accept(gradient().length() / 3));
            return () -> loss.getAsDouble() * by;
        }

        private static void haltAt(StepKey step) {
            if (step.worker() == 1 && step.globalStep() == Integer.getInteger(HALT_STEP, -1)) {
                if (LocalCluster.isFirst(Path.of(System.getProperty(HALT_FILE)))) {
                    Runtime.getRuntime().halt(1);
                }
            }
        }

        @Override
        public boolean hasGradientInParts() {
            return true;
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
