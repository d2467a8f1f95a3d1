package dev.convoy.train.dl4j;

import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Counts what Deeplearning4j's workers really train, since its master does not tell. */
final class TrainedExamplesHook implements TrainingHook {
    private static final long serialVersionUID = 1L;
    private final LongAccumulator examples;
    private final DoubleAccumulator lossSum;

    TrainedExamplesHook(LongAccumulator examples, DoubleAccumulator lossSum) {
        this.examples = examples;
        this.lossSum = lossSum;
    }

    void reset() {
        examples.reset();
        lossSum.reset();
    }

    long examples() {
        return examples.value();
    }

    double lossSum() {
        return lossSum.value();
    }

    @Override
    public void preUpdate(DataSet minibatch, Model model) {
        // Graphs are given the other kind.
    }

    @Override
    public void postUpdate(DataSet minibatch, Model model) {
        // Graphs are given the other kind.
    }

    @Override
    public void preUpdate(MultiDataSet minibatch, Model model) {
        // Before the update the score is still that of the batch before.
    }

    @Override
    public void postUpdate(MultiDataSet minibatch, Model model) {
        long size = minibatch.getFeatures(0).size(0);
        examples.add(size);
        lossSum.add(model.score() * size);
    }
}
