package dev.convoy.benchmarks.contest;

import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What every engine trains: a network, and batches of images in {@link #CLASSES} classes. */
public enum Workload {
    /** The named network, on digits. */
    LENET(new ImageShape(1, 28, 28)) {
        @Override
        public NetworkSpec spec() {
            return NamedNetwork.LENET.spec(CLASSES);
        }
    },
    /** Six 3x3 convolutions with batch normalisation: twice 32, 64 and 128 filters, a pool after each pair. */
    VGG(new ImageShape(3, 32, 32)) {
        @Override
        public NetworkSpec spec() {
            List<LayerSpec> layers = new ArrayList<>();
            for (int filters : FILTERS) {
                for (int i = 0; i < 2; i++) {
                    layers.add(new LayerSpec.Conv2d(filters, Size2d.square(3))
                            .withPadding(new Padding.Explicit(1))
                            .withoutBias());
                    layers.add(new LayerSpec.BatchNorm());
                    layers.add(new LayerSpec.Relu());
                }
                layers.add(new LayerSpec.MaxPool(Size2d.square(2)));
            }
            layers.add(new LayerSpec.Flatten());
            layers.add(new LayerSpec.Dense(CLASSES));
            return new NetworkSpec(layers);
        }
    },
    /** The network of {@code conf/mnist-best.conf}: six convolutions and two dense layers with batch normalisation and dropout. */
    MNIST_BEST(new ImageShape(1, 28, 28)) {
        @Override
        public NetworkSpec spec() {
            List<LayerSpec> layers = new ArrayList<>();
            for (List<Integer> stage : STAGES) {
                for (int i = 0; i < stage.size(); i++) {
                    boolean last = i == stage.size() - 1;
                    LayerSpec.Conv2d conv =
                            new LayerSpec.Conv2d(stage.get(i), Size2d.square(last ? 5 : 3)).withoutBias();
                    layers.add(last ? conv.withStride(Size2d.square(2)).withPadding(Padding.SAME) : conv);
                    layers.addAll(List.of(new LayerSpec.BatchNorm(), new LayerSpec.Relu()));
                }
                layers.add(new LayerSpec.Dropout(DROPOUT));
            }
            layers.addAll(List.of(
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dense(DENSE).withoutBias(),
                    new LayerSpec.BatchNorm(),
                    new LayerSpec.Relu(),
                    new LayerSpec.Dropout(DROPOUT),
                    new LayerSpec.Dense(CLASSES)));
            return new NetworkSpec(layers);
        }

        @Override
        public boolean hasPythonPeer() {
            return false;
        }
    },
    /** The named network, 11 million parameters, on digits of 32x32 in three channels. */
    RESNET18(new ImageShape(3, 32, 32)) {
        @Override
        public NetworkSpec spec() {
            return NamedNetwork.of("resnet18").spec(CLASSES);
        }

        @Override
        public int examples() {
            return 60_000;
        }

        /** A step takes most of a second. */
        @Override
        public List<Integer> localSteps() {
            return List.of(1, 4);
        }
    },
    /** The named network, 24 million parameters, on the same; batches are small, so that there is much to exchange. */
    RESNET50(new ImageShape(3, 32, 32)) {
        @Override
        public NetworkSpec spec() {
            return NamedNetwork.of("resnet50").spec(CLASSES);
        }

        @Override
        public int batch() {
            return 16;
        }

        @Override
        public List<Integer> localSteps() {
            return List.of(1, 4);
        }

        @Override
        public boolean hasPythonPeer() {
            return false;
        }
    };

    /** Images of a step, with all but the largest networks. */
    public static final int BATCH = 64;

    public static final int CLASSES = 10;
    public static final double LEARNING_RATE = 0.01;
    public static final double MOMENTUM = 0.9;
    public static final List<Integer> FILTERS = List.of(32, 64, 128);

    /** Of {@link #MNIST_BEST}: filters up to each dropout; the last convolution halves rows and columns. */
    public static final List<List<Integer>> STAGES = List.of(List.of(24, 24, 32), List.of(48, 64, 64));

    /** Of {@link #MNIST_BEST}: units of the dense layer before the last. */
    public static final int DENSE = 128;

    /** Of {@link #MNIST_BEST}: the share that is dropped. */
    public static final double DROPOUT = 0.3;

    private final ImageShape input;

    Workload(ImageShape input) {
        this.input = input;
    }

    public ImageShape input() {
        return input;
    }

    public abstract NetworkSpec spec();

    /** Images of a worker's step. */
    public int batch() {
        return BATCH;
    }

    /** Whether the scripts for PyTorch know it. */
    public boolean hasPythonPeer() {
        return true;
    }

    /** Answers what takes pixels from 0 to 255 to values from -1 to 1. */
    public Normalization normalization() {
        float[] half = new float[input.channels()];
        Arrays.fill(half, 0.5f);
        return new Normalization(half, half);
    }

    /** Answers how long rounds are timed, in steps. */
    public List<Integer> localSteps() {
        return List.of(1, 4, 16, 64);
    }

    /** Of how many local steps all-reduce is timed, beside gradient exchange. */
    public int fewLocalSteps() {
        return Math.min(16, localSteps().get(localSteps().size() - 1));
    }

    /** How many digits an epoch has, where digits are used. */
    public int examples() {
        return 60_000;
    }
}
