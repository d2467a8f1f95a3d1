package dev.convoy.model.backend.dl4j;

import dev.convoy.model.Loss;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Convoy's own {@link Loss} as a Deeplearning4j loss, so that both backends mean the same by it: the gradient is that of
 * the mean, not the sum. Belongs to one replica; keeps the last batch's loss.
 */
final class LogitLoss implements ILossFunction {
    private static final long serialVersionUID = 1L;

    private final Loss loss;
    private double[] weights;
    private double lastSum;

    LogitLoss(Loss loss) {
        this.loss = loss;
    }

    /** Gives the next batch's examples their weights. */
    void use(double[] exampleWeights) {
        weights = exampleWeights;
    }

    /** The loss of the last batch that went backwards, summed over its examples. */
    double lastSum() {
        return lastSum;
    }

    @Override
    public INDArray computeGradient(INDArray labels, INDArray outputs, IActivation activation, INDArray mask) {
        double[] gradient = new double[Math.toIntExact(outputs.length())];
        double[] z = outputs.dup('c').data().asDouble();
        lastSum = loss.sum(z, labels.dup('c').data().asFloat(), weights, (int) outputs.size(1), gradient);
        return Nd4j.create(gradient, outputs.shape(), 'c').castTo(outputs.dataType());
    }

    @Override
    public double computeScore(
            INDArray labels, INDArray outputs, IActivation activation, INDArray mask, boolean average) {
        return lastSum;
    }

    @Override
    public INDArray computeScoreArray(INDArray labels, INDArray outputs, IActivation activation, INDArray mask) {
        throw new UnsupportedOperationException("Convoy asks for no score of single examples");
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(
            INDArray labels, INDArray outputs, IActivation activation, INDArray mask, boolean average) {
        INDArray gradient = computeGradient(labels, outputs, activation, mask);
        return Pair.of(lastSum, gradient);
    }

    @Override
    public String name() {
        return loss.name();
    }
}
