package dev.convoy.model.backend.dl4j;

import dev.convoy.model.Loss;
import dev.convoy.model.layer.LayerSpec;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What every user of Deeplearning4j has. */
record StandardParts(Loss loss) implements GraphBuilder.Parts {
    @Override
    public LossLayer lossLayer() {
        return switch (loss) {
            case SOFTMAX_CROSS_ENTROPY -> lossLayer(LossFunction.MCXENT, Activation.SOFTMAX);
            case BINARY_CROSS_ENTROPY -> lossLayer(LossFunction.XENT, Activation.SIGMOID);
            case SQUARED_ERROR -> lossLayer(LossFunction.MSE, Activation.IDENTITY);
        };
    }

    private static LossLayer lossLayer(LossFunction function, Activation activation) {
        return new LossLayer.Builder(function).activation(activation).build();
    }

    @Override
    public IDropout dropout(double rate) {
        return new Dropout(1 - rate);
    }

    @Override
    public BatchNormalization.Builder batchNorm(LayerSpec.BatchNorm norm) {
        return new BatchNormalization.Builder().decay(1 - norm.momentum());
    }
}
