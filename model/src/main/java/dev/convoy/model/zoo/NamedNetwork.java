package dev.convoy.model.zoo;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.Loss;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    },
    /**
     * The residual network for small images of K. He et al., "Deep residual learning for image recognition", CVPR 2016,
     * section 4.2, with n = 3 and projections where shapes change.
     */
    RESNET20 {
        @Override
        public NetworkSpec spec(int classes) {
            List<LayerSpec> layers = new ArrayList<>(normalised(16, 3, 1, 1));
            for (int stage = 0; stage < 3; stage++) {
                addStage(layers, 3, 16 << stage, stage == 0 ? 1 : 2, stage > 0);
            }
            layers.addAll(List.of(new LayerSpec.GlobalAveragePool(), dense(classes)));
            return new NetworkSpec(layers, Loss.SOFTMAX_CROSS_ENTROPY, new Initializer.He());
        }
    },
    /** The same paper's network of 18 layers for large images; layer by layer torchvision's {@code resnet18}. */
    RESNET18 {
        @Override
        public NetworkSpec spec(int classes) {
            List<LayerSpec> layers = new ArrayList<>(normalised(64, 7, 2, 3));
            layers.add(new LayerSpec.MaxPool(square(3), square(2), new Padding.Explicit(1)));
            for (int stage = 0; stage < 4; stage++) {
                addStage(layers, 2, 64 << stage, stage == 0 ? 1 : 2, stage > 0);
            }
            layers.addAll(List.of(new LayerSpec.GlobalAveragePool(), dense(classes)));
            return new NetworkSpec(layers, Loss.SOFTMAX_CROSS_ENTROPY, new Initializer.He());
        }

        @Override
        public String torchvisionName(String tensor) {
            Matcher block = BLOCK.matcher(tensor);
            if (!block.matches()) {
                return tensor.replace("fc1.", "fc.");
            }
            int index = Integer.parseInt(block.group(1)) - 1;
            String inner = block.group(2)
                    .replace("shortcut.conv1.", "downsample.0.")
                    .replace("shortcut.bn1.", "downsample.1.");
            return "layer" + (index / 2 + 1) + "." + index % 2 + "." + inner;
        }
    },
    /**
     * Configuration A of K. Simonyan and A. Zisserman, ICLR 2015: eight 3x3 convolutions and three dense layers, for images
     * of 224x224; torchvision's {@code vgg11}.
     */
    VGG11 {
        @Override
        public NetworkSpec spec(int classes) {
            List<LayerSpec> layers = new ArrayList<>();
            for (int[] stage : new int[][] {{64}, {128}, {256, 256}, {512, 512}, {512, 512}}) {
                for (int filters : stage) {
                    layers.add(new LayerSpec.Conv2d(filters, square(3), null, new Padding.Explicit(1), true, null));
                    layers.add(new LayerSpec.Relu());
                }
                layers.add(pool());
            }
            layers.add(new LayerSpec.Flatten());
            for (int hidden = 0; hidden < 2; hidden++) {
                layers.addAll(List.of(dense(4096), new LayerSpec.Relu(), new LayerSpec.Dropout(0.5)));
            }
            layers.add(dense(classes));
            return new NetworkSpec(layers, Loss.SOFTMAX_CROSS_ENTROPY, new Initializer.He());
        }

        /** Layers are numbered there, those without weights too, before and after the flattening on their own. */
        @Override
        public String torchvisionName(String tensor) {
            int[] features = {0, 3, 6, 8, 11, 13, 16, 18};
            String layer = tensor.substring(0, tensor.indexOf('.'));
            String inner = tensor.substring(tensor.indexOf('.'));
            int number = Integer.parseInt(layer.replaceAll("\\D", "")) - 1;
            return layer.startsWith("conv")
                    ? "features." + features[number] + inner
                    : "classifier." + 3 * number + inner;
        }
    },
    /**
     * M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, table 2, with plain rectifiers
     * where the paper bounds them at 6; for large images. Has depthwise convolutions, which not every backend can do.
     */
    MOBILENET_V2 {
        @Override
        public NetworkSpec spec(int classes) {
            List<LayerSpec> layers = new ArrayList<>(normalised(32, 3, 2, 1));
            int channels = 32;
            int[][] stages = {
                {1, 16, 1, 1},
                {6, 24, 2, 2},
                {6, 32, 3, 2},
                {6, 64, 4, 2},
                {6, 96, 3, 1},
                {6, 160, 3, 2},
                {6, 320, 1, 1}
            };
            for (int[] stage : stages) {
                for (int block = 0; block < stage[2]; block++) {
                    addBottleneck(layers, channels, stage[0], stage[1], block == 0 ? stage[3] : 1);
                    channels = stage[1];
                }
            }
            layers.addAll(normalised(1280, 1, 1, 0));
            layers.addAll(List.of(new LayerSpec.GlobalAveragePool(), new LayerSpec.Dropout(0.2), dense(classes)));
            return new NetworkSpec(layers, Loss.SOFTMAX_CROSS_ENTROPY, new Initializer.He());
        }
    };

    private static final Pattern BLOCK = Pattern.compile("block(\\d+)\\.(.*)");

    /** The network for this many classes. */
    public abstract NetworkSpec spec(int classes);

    /** What torchvision calls this tensor; Convoy's own name where torchvision has no such network. */
    public String torchvisionName(String tensor) {
        return tensor;
    }

    /** The names, as the configuration writes them. */
    public static List<String> names() {
        return Stream.of(values())
                .map(network -> network.name().toLowerCase(Locale.ROOT).replace('_', '-'))
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

    /** A convolution without bias, batch normalisation and a rectifier. */
    private static List<LayerSpec> normalised(int filters, int kernel, int stride, int padding) {
        return List.of(
                unbiased(filters, kernel, stride, padding), new LayerSpec.BatchNorm(null, null), new LayerSpec.Relu());
    }

    private static LayerSpec unbiased(int filters, int kernel, int stride, int padding) {
        return new LayerSpec.Conv2d(
                filters, square(kernel), square(stride), new Padding.Explicit(padding), false, null);
    }

    /** Basic blocks of two 3x3 convolutions, the first with this stride; a projection where the first changes shapes. */
    private static void addStage(List<LayerSpec> layers, int blocks, int filters, int stride, boolean projects) {
        for (int block = 0; block < blocks; block++) {
            boolean first = block == 0;
            List<LayerSpec> body = new ArrayList<>(normalised(filters, 3, first ? stride : 1, 1));
            body.addAll(List.of(unbiased(filters, 3, 1, 1), new LayerSpec.BatchNorm(null, null)));
            List<LayerSpec> shortcut = first && projects
                    ? List.of(unbiased(filters, 1, stride, 0), new LayerSpec.BatchNorm(null, null))
                    : List.of();
            layers.addAll(List.of(new LayerSpec.Residual(body, shortcut), new LayerSpec.Relu()));
        }
    }

    /** Widens, filters every channel by itself, narrows; added to its input where shapes allow. */
    private static void addBottleneck(List<LayerSpec> layers, int channels, int expansion, int filters, int stride) {
        int hidden = channels * expansion;
        List<LayerSpec> body = new ArrayList<>();
        if (expansion > 1) {
            body.addAll(normalised(hidden, 1, 1, 0));
        }
        body.addAll(List.of(
                new LayerSpec.Conv2d(hidden, square(3), square(stride), new Padding.Explicit(1), false, null, hidden),
                new LayerSpec.BatchNorm(null, null),
                new LayerSpec.Relu(),
                unbiased(filters, 1, 1, 0),
                new LayerSpec.BatchNorm(null, null)));
        if (stride == 1 && channels == filters) {
            layers.add(new LayerSpec.Residual(body, null));
        } else {
            layers.addAll(body);
        }
    }

    private static Size2d square(int size) {
        return new Size2d(size, size);
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
