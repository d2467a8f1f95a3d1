package dev.convoy.report;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/**
 * Something that happened in a run: a line of {@code events.jsonl}. Numbers that have no finite value are null, and left out there.
 * {@code time} is UTC as ISO 8601 has it, {@code step} counts global batches since the run's beginning, over all attempts.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Event.Started.class, name = "started"),
    @JsonSubTypes.Type(value = Event.Rounds.class, name = "rounds"),
    @JsonSubTypes.Type(value = Event.Epoch.class, name = "epoch"),
    @JsonSubTypes.Type(value = Event.Weights.class, name = "weights"),
    @JsonSubTypes.Type(value = Event.Picture.class, name = "picture"),
    @JsonSubTypes.Type(value = Event.Memory.class, name = "memory"),
    @JsonSubTypes.Type(value = Event.Ended.class, name = "ended")
})
public sealed interface Event {
    String time();

    long step();

    /**
     * An attempt at the run begins.
     *
     * @param attempt from 1
     * @param step that it goes on from; what earlier attempts did beyond it is repeated
     * @param epochs planned
     * @param stepsPerEpoch global batches of an epoch
     * @param parameters of the network
     * @param workers that train
     * @param batchSize of each worker, at a step
     * @param layers of the network
     * @param data the images
     * @param predictedBytes outside the heap that a worker's replica needs
     */
    record Started(
            String time,
            int attempt,
            long step,
            int epochs,
            int stepsPerEpoch,
            int parameters,
            int workers,
            int batchSize,
            List<LayerRow> layers,
            Data data,
            long predictedBytes)
            implements Event {
        public Started {
            layers = List.copyOf(layers);
        }

        /**
         * The images that a run trains on and is tested with.
         *
         * @param classes in the order of the outputs
         * @param perClass training images of each
         * @param test how many test images there are
         */
        public record Data(List<String> classes, List<Long> perClass, long test) {
            public Data {
                classes = List.copyOf(classes);
                perClass = List.copyOf(perClass);
            }
        }
    }

    /**
     * Rounds in a row, together.
     *
     * @param step after them
     * @param epoch that they belong to, from 1
     * @param rounds how many
     * @param steps in them
     * @param images that went into the model
     * @param loss mean over these
     * @param learningRate of the last round's first step
     * @param updateNorm mean norm of what moved the model
     * @param seconds that they took
     * @param slowestSeconds of these, of the slowest worker in each round; the rest is exchange
     * @param networkSeconds of the exchange, between groups of workers that share memory
     * @param workers by rank; of more than 256, the slowest of each group of neighbours
     * @param faults contributions that were left out, in words
     */
    record Rounds(
            String time,
            long step,
            int epoch,
            int rounds,
            int steps,
            long images,
            Double loss,
            double learningRate,
            Double updateNorm,
            double seconds,
            double slowestSeconds,
            double networkSeconds,
            List<Worker> workers,
            List<String> faults)
            implements Event {
        public Rounds {
            workers = List.copyOf(workers);
            faults = List.copyOf(faults);
        }

        /**
         * A worker's time.
         *
         * @param busy from first batches to contributions
         * @param data of that, without a batch to train on
         */
        public record Worker(double busy, double data) {}

        /** The share of the time in which even the slowest worker had nothing to train: launch, transfer and sums. */
        public double exchangeShare() {
            return Math.max(0, seconds - slowestSeconds) / seconds;
        }
    }

    /**
     * An epoch is complete and evaluated.
     *
     * @param epoch from 1
     * @param trainLoss mean over the images trained
     * @param testLoss mean over the test images; null without any
     * @param testAccuracy share of right answers; null without test images that have classes
     * @param best whether no epoch before was better
     * @param seconds of its rounds
     * @param evaluateSeconds of the evaluation
     */
    record Epoch(
            String time,
            long step,
            int epoch,
            Double trainLoss,
            Double testLoss,
            Double testAccuracy,
            boolean best,
            double imagesPerSecond,
            double seconds,
            double computeSeconds,
            double waitSeconds,
            double dataSeconds,
            double evaluateSeconds,
            long rejected,
            long retried)
            implements Event {}

    /**
     * What an epoch has made of the network's trained tensors.
     *
     * @param tensors in the canonical order
     */
    record Weights(String time, long step, int epoch, List<TensorSummary> tensors) implements Event {
        public Weights {
            tensors = List.copyOf(tensors);
        }
    }

    /**
     * A picture.
     *
     * @param tag what it shows
     * @param png the file's bytes
     */
    record Picture(String time, long step, String tag, int width, int height, byte[] png) implements Event {}

    /**
     * What memory processes have taken at most.
     *
     * @param processes those that trained, and the driver
     */
    record Memory(String time, long step, List<Process> processes) implements Event {
        public Memory {
            processes = List.copyOf(processes);
        }

        /**
         * A process.
         *
         * @param name executor and host
         * @param peakBytes resident, heap and all
         * @param heapBytes the most that its heap may take
         */
        public record Process(String name, long peakBytes, long heapBytes) {}
    }

    /**
     * The attempt has ended.
     *
     * @param ending in lower case: completed, diverged, failed or interrupted
     */
    record Ended(String time, long step, String ending) implements Event {}
}
