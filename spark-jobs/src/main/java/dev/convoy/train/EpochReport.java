package dev.convoy.train;

import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.model.Evaluation;
import java.util.Optional;

/**
 * What an epoch did.
 *
 * @param epoch from 1
 * @param rounds in it
 * @param ledger where every planned example went
 * @param trainLoss mean over the examples trained, each as it was when its batch came
 * @param test how the model answers the test images after the epoch; empty if there are none
 * @param trainSeconds spent in rounds
 * @param computeSeconds of that, the slowest worker's in each round
 * @param waitSeconds of that, what a worker waited for the slowest, on average
 * @param dataSeconds of that, without a batch to train on, of a worker on average
 * @param evaluateSeconds spent on the evaluation
 */
public record EpochReport(
        int epoch,
        int rounds,
        Ledger ledger,
        double trainLoss,
        Optional<Test> test,
        double trainSeconds,
        double computeSeconds,
        double waitSeconds,
        double dataSeconds,
        double evaluateSeconds) {
    /**
     * The report of an epoch that has just ended.
     *
     * @param end the state after its last round
     * @param layout of the training images
     */
    static EpochReport of(TrainingState end, WorkerLayout layout, Optional<Evaluation> test, double evaluateSeconds) {
        EpochTotals totals = end.epoch();
        RoundReport.Counts counts = totals.counts();
        RoundReport.Times times = totals.times();
        return new EpochReport(
                end.progress().epoch(),
                totals.rounds(),
                new Ledger(
                        layout.examples(),
                        counts.trained(),
                        counts.rejected(),
                        counts.late(),
                        counts.quarantined(),
                        counts.dropped(),
                        counts.retried()),
                totals.lossSum().value() / counts.trained(),
                test.map(Test::of),
                totals.seconds().value(),
                times.compute(),
                times.compute() - times.busy() / layout.workers(),
                times.data() / layout.workers(),
                evaluateSeconds);
    }

    /**
     * An evaluation in short.
     *
     * @param examples that were evaluated
     * @param loss mean over them
     * @param accuracy share of those with a class that were answered rightly; NaN if none has one
     */
    public record Test(long examples, double loss, double accuracy) {
        static Test of(Evaluation evaluation) {
            return new Test(evaluation.examples(), evaluation.loss(), evaluation.accuracy());
        }
    }

    /**
     * Time in rounds beyond the slowest worker's own: launch, transfer, sum and waiting; with more workers than cores also
     * the turns that workers wait for.
     */
    public double syncSeconds() {
        return trainSeconds - computeSeconds;
    }

    /** Examples trained per second of training. */
    public double imagesPerSecond() {
        return ledger.trained() / trainSeconds;
    }

    /**
     * Where every planned example of an epoch went; {@code planned = trained + rejected + late + quarantined + dropped}. Each number is
     * counted where it happens; only what {@code dl4j-spark} drops is what is left of the plan, since that master does not tell.
     *
     * @param planned examples in the plan
     * @param trained went into the model once
     * @param rejected could not be decoded
     * @param late came after their round had closed
     * @param quarantined were in a contribution that was thrown away
     * @param dropped were left out by a master that does not say which; of masters of Convoy's own there are none
     * @param retried were trained again because a task or a segment was repeated; also among the trained
     */
    public record Ledger(
            long planned, long trained, long rejected, long late, long quarantined, long dropped, long retried) {
        public Ledger {
            if (planned != trained + rejected + late + quarantined + dropped) {
                throw new IllegalStateException("The ledger does not add up: planned " + planned + ", trained "
                        + trained + ", rejected " + rejected + ", late " + late + ", quarantined " + quarantined
                        + ", dropped " + dropped);
            }
        }
    }
}
