package dev.convoy.benchmarks;

import dev.convoy.data.ImageShape;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.ArrayList;
import java.util.List;

/** What every engine trains: a network, and batches of {@link #BATCH} images in {@link #CLASSES} classes. */
enum Workload {
    /** The named network, on digits. */
    LENET(new ImageShape(1, 28, 28)) {
        @Override
        NetworkSpec spec() {
            return NamedNetwork.LENET.spec(CLASSES);
        }
    },
    /** Six 3x3 convolutions with batch normalisation: twice 32, 64 and 128 filters, a pool after each pair. */
    VGG(new ImageShape(3, 32, 32)) {
        @Override
        NetworkSpec spec() {
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
    /** The named network, 11 million parameters, on digits of 32x32 in three channels. */
    RESNET18(new ImageShape(3, 32, 32)) {
        @Override
        NetworkSpec spec() {
            return NamedNetwork.of("resnet18").spec(CLASSES);
        }

        @Override
        int examples() {
            return 60_000;
        }

        /** A step takes most of a second. */
        @Override
        List<Integer> localSteps() {
            return List.of(1, 4);
        }
    };

    static final int BATCH = 64;
    static final int CLASSES = 10;
    static final double LEARNING_RATE = 0.01;
    static final double MOMENTUM = 0.9;
    static final List<Integer> FILTERS = List.of(32, 64, 128);

    private final ImageShape input;

    Workload(ImageShape input) {
        this.input = input;
    }

    ImageShape input() {
        return input;
    }

    abstract NetworkSpec spec();

    /** Rounds of how many steps to time. */
    List<Integer> localSteps() {
        return List.of(1, 4, 16, 64);
    }

    /** Of how many local steps all-reduce is timed, beside gradient exchange. */
    int fewLocalSteps() {
        return Math.min(16, localSteps().get(localSteps().size() - 1));
    }

    /** How many digits an epoch has, where digits are used. */
    int examples() {
        return 60_000;
    }
}
