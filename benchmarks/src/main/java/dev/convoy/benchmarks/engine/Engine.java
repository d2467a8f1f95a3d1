package dev.convoy.benchmarks.engine;

import dev.convoy.benchmarks.contest.Workload;
import java.util.Locale;

/** Takes steps of training; belongs to the thread that made it. */
interface Engine {
    /** One step of stochastic gradient descent with momentum on a batch that lies ready. */
    void step();

    /** The engines that run in a JVM. */
    enum Kind {
        /** libtorch alone, without Convoy: what the hardware gives. */
        BARE_TORCH {
            @Override
            Engine create(Workload workload) {
                return new BareTorch(workload);
            }
        },
        /** Convoy's replica on the torch backend. */
        REPLICA_TORCH {
            @Override
            Engine create(Workload workload) {
                return new ReplicaEngine("torch", workload);
            }
        },
        /** Convoy's replica on the dl4j backend. */
        REPLICA_DL4J {
            @Override
            Engine create(Workload workload) {
                return new ReplicaEngine("dl4j", workload);
            }
        },
        /** Deeplearning4j's own {@code fit}. */
        BARE_DL4J {
            @Override
            Engine create(Workload workload) {
                return new BareDl4j(workload);
            }
        };

        abstract Engine create(Workload workload);

        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
