package dev.convoy.model.zoo;

import static dev.convoy.model.layer.Size2d.square;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import java.util.ArrayList;
import java.util.List;
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
            List<LayerSpec> layers = List.of(
                    new LayerSpec.Conv2d(20, square(5)),
                    pool(),
                    new LayerSpec.Conv2d(50, square(5)),
                    pool(),
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dense(500),
                    new LayerSpec.Relu(),
                    new LayerSpec.Dense(classes));
            return new NetworkSpec(layers).withInitializer(new Initializer.Xavier());
        }
    },
    /** Two hidden dense layers of 256 and 128 rectified units. */
    MLP {
        @Override
        public NetworkSpec spec(int classes) {
            return new NetworkSpec(List.of(
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dense(256),
                    new LayerSpec.Relu(),
                    new LayerSpec.Dense(128),
                    new LayerSpec.Relu(),
                    new LayerSpec.Dense(classes)));
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
            layers.addAll(List.of(new LayerSpec.GlobalAveragePool(), new LayerSpec.Dense(classes)));
            return new NetworkSpec(layers);
        }
    },
    /**
     * The network of 18 layers for large images in the paper by He et al.; layer by layer torchvision's {@code resnet18}.
     */
    RESNET18 {
        @Override
        public NetworkSpec spec(int classes) {
            List<LayerSpec> layers = new ArrayList<>(largeImages());
            for (int stage = 0; stage < 4; stage++) {
                addStage(layers, 2, 64 << stage, stage == 0 ? 1 : 2, stage > 0);
            }
            layers.addAll(List.of(new LayerSpec.GlobalAveragePool(), new LayerSpec.Dense(classes)));
            return new NetworkSpec(layers);
        }

        @Override
        public String torchvisionName(String tensor) {
            return residualName(tensor, 2, 2, 2, 2);
        }
    },
    /**
     * The network of 50 layers in the paper by He et al., whose bottlenecks stride in their 3x3 convolution; layer by layer torchvision's
     * {@code resnet50}.
     */
    RESNET50 {
        @Override
        public NetworkSpec spec(int classes) {
            List<LayerSpec> layers = new ArrayList<>(largeImages());
            int[] blocks = {3, 4, 6, 3};
            for (int stage = 0; stage < blocks.length; stage++) {
                addBottlenecks(layers, blocks[stage], 64 << stage, stage == 0 ? 1 : 2);
            }
            layers.addAll(List.of(new LayerSpec.GlobalAveragePool(), new LayerSpec.Dense(classes)));
            return new NetworkSpec(layers);
        }

        @Override
        public String torchvisionName(String tensor) {
            return residualName(tensor, 3, 4, 6, 3);
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
                    layers.add(new LayerSpec.Conv2d(filters, square(3)).withPadding(new Padding.Explicit(1)));
                    layers.add(new LayerSpec.Relu());
                }
                layers.add(pool());
            }
            layers.add(new LayerSpec.Flatten());
            for (int hidden = 0; hidden < 2; hidden++) {
                layers.addAll(List.of(new LayerSpec.Dense(4096), new LayerSpec.Relu(), new LayerSpec.Dropout(0.5)));
            }
            layers.add(new LayerSpec.Dense(classes));
            return new NetworkSpec(layers);
        }

        /** torchvision numbers all layers, those without weights too, and begins again after the flattening. */
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
                    addInverted(layers, channels, stage[0], stage[1], block == 0 ? stage[3] : 1);
                    channels = stage[1];
                }
            }
            layers.addAll(normalised(1280, 1, 1, 0));
            layers.addAll(List.of(
                    new LayerSpec.GlobalAveragePool(), new LayerSpec.Dropout(0.2), new LayerSpec.Dense(classes)));
            return new NetworkSpec(layers);
        }
    };

    private static final Pattern BLOCK = Pattern.compile("block(\\d+)\\.(.*)");

    /** Specifies the network for this many classes. */
    public abstract NetworkSpec spec(int classes);

    /** What torchvision calls this tensor; Convoy's own name where torchvision has no such network. */
    public String torchvisionName(String tensor) {
        return tensor;
    }

    /** The names of all networks, in lower case with hyphens. */
    public static List<String> names() {
        return Stream.of(values()).map(Json::key).toList();
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
                    "Cannot find the network " + name + "; known are " + names() + ", or write one layer by layer");
        }
        return values()[index];
    }

    /** torchvision counts blocks by stage. */
    private static String residualName(String tensor, int... blocksOfStages) {
        Matcher block = BLOCK.matcher(tensor);
        if (!block.matches()) {
            return tensor.replace("fc1.", "fc.");
        }
        int index = Integer.parseInt(block.group(1)) - 1;
        int stage = 0;
        while (index >= blocksOfStages[stage]) {
            index -= blocksOfStages[stage];
            stage++;
        }
        String inner =
                block.group(2).replace("shortcut.conv1.", "downsample.0.").replace("shortcut.bn1.", "downsample.1.");
        return "layer" + (stage + 1) + "." + index + "." + inner;
    }

    /** What residual networks for large images begin with. */
    private static List<LayerSpec> largeImages() {
        List<LayerSpec> layers = new ArrayList<>(normalised(64, 7, 2, 3));
        layers.add(new LayerSpec.MaxPool(square(3)).withStride(square(2)).withPadding(new Padding.Explicit(1)));
        return layers;
    }

    /** A convolution without bias, batch normalisation and a rectifier. */
    private static List<LayerSpec> normalised(int filters, int kernel, int stride, int padding) {
        return List.of(unbiased(filters, kernel, stride, padding), new LayerSpec.BatchNorm(), new LayerSpec.Relu());
    }

    private static LayerSpec.Conv2d unbiased(int filters, int kernel, int stride, int padding) {
        return new LayerSpec.Conv2d(filters, square(kernel))
                .withStride(square(stride))
                .withPadding(new Padding.Explicit(padding))
                .withoutBias();
    }

    /** Adds blocks of two 3x3 convolutions. The first block has this stride, and a projection if it changes shapes. */
    private static void addStage(List<LayerSpec> layers, int blocks, int filters, int stride, boolean projects) {
        for (int block = 0; block < blocks; block++) {
            boolean first = block == 0;
            List<LayerSpec> body = new ArrayList<>(normalised(filters, 3, first ? stride : 1, 1));
            body.addAll(List.of(unbiased(filters, 3, 1, 1), new LayerSpec.BatchNorm()));
            List<LayerSpec> shortcut =
                    first && projects ? List.of(unbiased(filters, 1, stride, 0), new LayerSpec.BatchNorm()) : List.of();
            layers.addAll(List.of(new LayerSpec.Residual(body).withShortcut(shortcut), new LayerSpec.Relu()));
        }
    }

    /** Adds blocks that narrow to so many filters, convolve and widen fourfold. The first block has this stride, and a projection. */
    private static void addBottlenecks(List<LayerSpec> layers, int blocks, int filters, int stride) {
        for (int block = 0; block < blocks; block++) {
            List<LayerSpec> body = new ArrayList<>(normalised(filters, 1, 1, 0));
            body.addAll(normalised(filters, 3, block == 0 ? stride : 1, 1));
            body.addAll(List.of(unbiased(4 * filters, 1, 1, 0), new LayerSpec.BatchNorm()));
            List<LayerSpec> shortcut =
                    block == 0 ? List.of(unbiased(4 * filters, 1, stride, 0), new LayerSpec.BatchNorm()) : List.of();
            layers.addAll(List.of(new LayerSpec.Residual(body).withShortcut(shortcut), new LayerSpec.Relu()));
        }
    }

    /** Widens, filters every channel by itself, narrows; added to its input where shapes allow. */
    private static void addInverted(List<LayerSpec> layers, int channels, int expansion, int filters, int stride) {
        int hidden = channels * expansion;
        List<LayerSpec> body = new ArrayList<>();
        if (expansion > 1) {
            body.addAll(normalised(hidden, 1, 1, 0));
        }
        body.addAll(List.of(
                unbiased(hidden, 3, stride, 1).withGroups(hidden),
                new LayerSpec.BatchNorm(),
                new LayerSpec.Relu(),
                unbiased(filters, 1, 1, 0),
                new LayerSpec.BatchNorm()));
        if (stride == 1 && channels == filters) {
            layers.add(new LayerSpec.Residual(body));
        } else {
            layers.addAll(body);
        }
    }

    private static LayerSpec pool() {
        return new LayerSpec.MaxPool(square(2));
    }
}
