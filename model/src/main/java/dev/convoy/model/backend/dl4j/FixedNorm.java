package dev.convoy.model.backend.dl4j;

import java.util.Arrays;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Batch normalisation with fixed statistics, as an activation: {@code x * scale + shift} for each channel (the second
 * axis). Deeplearning4j's own layer cannot go backwards through its running statistics. The replica sets the numbers
 * before each batch.
 */
final class FixedNorm extends BaseActivationFunction {
    private static final long serialVersionUID = 1L;

    private transient float[] scale;
    private transient float[] shift;

    void use(float[] newScale, float[] newShift) {
        this.scale = newScale;
        this.shift = newShift;
    }

    @Override
    public INDArray getActivation(INDArray in, boolean training) {
        return in.muli(overChannels(scale, in)).addi(overChannels(shift, in));
    }

    @Override
    public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
        return Pair.of(epsilon.muli(overChannels(scale, in)), null);
    }

    private static INDArray overChannels(float[] values, INDArray like) {
        long[] shape = new long[like.rank()];
        Arrays.fill(shape, 1);
        shape[1] = values.length;
        INDArray array = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        new FlatBuffer(array).write(0, values, 0, values.length);
        return array.castTo(like.dataType());
    }
}
