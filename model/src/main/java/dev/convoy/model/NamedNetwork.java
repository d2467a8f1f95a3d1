package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import java.util.List;
import java.util.stream.Stream;

/** Networks that go by a name; the last layer has one output for each class. */
public enum NamedNetwork {
    /**
     * Two convolutions and two dense layers, after Y. LeCun et al., "Gradient-based learning applied to document
     * recognition", 1998, in the form that deep learning frameworks ship: 431,080 parameters on 28x28 digits.
     */
    LENET {
        @Override
        public NetworkSpec spec(int classes) {
            return new NetworkSpec(
                    List.of(
                            convolution(20),
                            pool(),
                            convolution(50),
                            pool(),
                            new LayerSpec.Flatten(),
                            dense(500),
                            new LayerSpec.Relu(),
                            dense(classes)),
                    Loss.SOFTMAX_CROSS_ENTROPY,
                    new Initializer.Xavier());
        }
    },
    /** Two hidden dense layers of 256 and 128 rectified units. */
    MLP {
        @Override
        public NetworkSpec spec(int classes) {
            return new NetworkSpec(
                    List.of(
                            new LayerSpec.Flatten(),
                            dense(256),
                            new LayerSpec.Relu(),
                            dense(128),
                            new LayerSpec.Relu(),
                            dense(classes)),
                    Loss.SOFTMAX_CROSS_ENTROPY,
                    new Initializer.He());
        }
    };

    /** The network for this many classes. */
    public abstract NetworkSpec spec(int classes);

    /** The names, as the configuration writes them. */
    public static List<String> names() {
        return Stream.of(values())
                .map(network -> network.name().toLowerCase().replace('_', '-'))
                .toList();
    }

    /**
     * Finds a network by its name.
     *
     * @throws ConvoyException if there is none, listing those that are
     */
    public static NamedNetwork of(String name) {
        int index = names().indexOf(name);
        if (index < 0) {
            throw new ConvoyException(
                    "Cannot find the network " + name + "; known are " + names() + ", or write one in network.layers");
        }
        return values()[index];
    }

    private static LayerSpec convolution(int filters) {
        return new LayerSpec.Conv2d(filters, new Size2d(5, 5), null, Padding.VALID, true, null);
    }

    private static LayerSpec pool() {
        return new LayerSpec.MaxPool(new Size2d(2, 2), null, null);
    }

    private static LayerSpec dense(int units) {
        return new LayerSpec.Dense(units, true, null);
    }
}
