package dev.convoy.benchmarks.engine;

import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.zoo.NamedNetwork;
import org.bytedeco.openblas.global.openblas;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.nativeblas.NativeOpsHolder;

/** Deeplearning4j as its own examples use it: {@code MultiLayerNetwork.fit} on a data set that lies ready. */
final class BareDl4j implements Engine {
    private final MultiLayerNetwork network;
    private final DataSet data;

    BareDl4j(Workload workload) {
        // Chooses the oneDNN natives for this CPU.
        ComputeBackend.named("dl4j")
                .newReplica(
                        NamedNetwork.MLP.spec(2).bind(new ImageShape(1, 2, 2)),
                        new Normalization(new float[] {0}, new float[] {1}))
                .close();
        int threads = Integer.parseInt(System.getenv("OMP_NUM_THREADS"));
        Nd4j.getEnvironment().setMaxThreads(threads);
        Nd4j.getEnvironment().setMaxMasterThreads(threads);
        NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(threads);
        openblas.blas_set_num_threads(threads);
        ImageShape input = workload.input();
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder()
                .weightInit(WeightInit.XAVIER)
                .updater(new Nesterovs(Workload.LEARNING_RATE, Workload.MOMENTUM))
                .list();
        if (workload == Workload.LENET) {
            lenet(layers);
        } else {
            vgg(layers);
        }
        layers.layer(new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(Workload.CLASSES)
                .activation(Activation.SOFTMAX)
                .build());
        network = new MultiLayerNetwork(
                layers.setInputType(InputType.convolutional(input.height(), input.width(), input.channels()))
                        .build());
        network.init();
        int[] classes = new int[Workload.BATCH];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = i % Workload.CLASSES;
        }
        data = new DataSet(
                Nd4j.randn('c', Workload.BATCH, input.channels(), input.height(), input.width()),
                Nd4j.eye(Workload.CLASSES).getRows(classes));
    }

    /** Whether there is code for it. */
    static boolean knows(Workload workload) {
        return workload == Workload.LENET || workload == Workload.VGG;
    }

    private static void lenet(NeuralNetConfiguration.ListBuilder layers) {
        layers.layer(convolution(20))
                .layer(pool())
                .layer(convolution(50))
                .layer(pool())
                .layer(new DenseLayer.Builder()
                        .nOut(500)
                        .activation(Activation.RELU)
                        .build());
    }

    private static ConvolutionLayer convolution(int filters) {
        return new ConvolutionLayer.Builder(5, 5)
                .nOut(filters)
                .activation(Activation.IDENTITY)
                .build();
    }

    private static void vgg(NeuralNetConfiguration.ListBuilder layers) {
        for (int filters : Workload.FILTERS) {
            for (int i = 0; i < 2; i++) {
                layers.layer(new ConvolutionLayer.Builder(3, 3)
                                .padding(1, 1)
                                .nOut(filters)
                                .hasBias(false)
                                .activation(Activation.IDENTITY)
                                .build())
                        .layer(new BatchNormalization())
                        .layer(new ActivationLayer(Activation.RELU));
            }
            layers.layer(pool());
        }
    }

    private static SubsamplingLayer pool() {
        return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build();
    }

    @Override
    public void step() {
        network.fit(data);
    }
}
