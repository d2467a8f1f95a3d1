package dev.convoy.model.backend.dl4j;

import dev.convoy.data.CounterRandom;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Dropout whose mask comes from Convoy's own generator, over a batch's elements in row-major order. The replica sets the
 * numbers before each step.
 */
final class KeyedDropout implements IDropout {
    private static final long serialVersionUID = 1L;

    private final double rate;
    private transient CounterRandom random;
    private transient INDArray mask;

    KeyedDropout(double rate) {
        this.rate = rate;
    }

    void use(CounterRandom numbers) {
        this.random = numbers;
    }

    @Override
    public INDArray applyDropout(
            INDArray input, INDArray result, int iteration, int epoch, LayerWorkspaceMgr workspaces) {
        mask = workspaces.createUninitialized(ArrayType.INPUT, result.dataType(), result.shape(), 'c');
        float[] values = random.dropoutMask(Math.toIntExact(input.length()), rate);
        new FlatBuffer(mask).write(0, values, 0, values.length);
        return input.muli(mask, result);
    }

    @Override
    public INDArray backprop(INDArray gradientAtOutput, INDArray gradientAtInput, int iteration, int epoch) {
        return gradientAtOutput.muli(mask, gradientAtInput);
    }

    @Override
    public void clear() {
        mask = null;
    }

    @Override
    public KeyedDropout clone() {
        return new KeyedDropout(rate);
    }
}
