package dev.convoy.benchmarks.engine;

import dev.convoy.benchmarks.contest.Workload;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** A loop over libtorch's own functions, without a line of Convoy's between them: the ceiling. */
final class BareTorch implements Engine {
    private static final long[] ONE = {1, 1};
    private static final long[] TWO = {2, 2};
    private static final long[] ZERO = {0, 0};

    private final Workload workload;
    private final Tensor parameters;
    private final Tensor gradient;
    private final Tensor velocity;
    private final List<Tensor> weights = new ArrayList<>();
    private final List<Tensor> statistics = new ArrayList<>();
    private final Tensor images;
    private final Tensor labels;

    BareTorch(Workload workload) {
        torch.set_num_threads(1);
        openblas.blas_set_num_threads(1);
        this.workload = workload;
        List<long[]> shapes =
                switch (workload) {
                    case LENET -> lenetShapes();
                    case VGG -> vggShapes();
                    case MNIST_BEST -> mnistBestShapes();
                    default -> throw new IllegalArgumentException("There is no bare loop for " + workload);
                };
        long size = shapes.stream().mapToLong(BareTorch::size).sum();
        parameters = torch.randn(size).mul_(new Scalar(0.05f));
        gradient = torch.zeros(size);
        velocity = torch.zeros(size);
        long offset = 0;
        for (long[] shape : shapes) {
            Tensor weight =
                    parameters.narrow(0, offset, size(shape)).view(shape).detach();
            weight.set_requires_grad(true);
            weight.mutable_grad().put(gradient.narrow(0, offset, size(shape)).view(shape));
            weights.add(weight);
            offset += size(shape);
        }
        long channels = workload.input().channels();
        long height = workload.input().height();
        long width = workload.input().width();
        // Strides that say channels last even of a single channel.
        images = torch.randn(Workload.BATCH, channels, height, width)
                .contiguous(torch.MemoryFormat.ChannelsLast)
                .as_strided(
                        new long[] {Workload.BATCH, channels, height, width},
                        channels * height * width,
                        1,
                        width * channels,
                        channels);
        labels = torch.zeros(
                new long[] {Workload.BATCH},
                new org.bytedeco.pytorch.TensorOptions()
                        .dtype(new org.bytedeco.pytorch.ScalarTypeOptional(torch.ScalarType.Long)));
        LongPointer classes = new LongPointer(labels.data_ptr());
        for (int i = 0; i < Workload.BATCH; i++) {
            classes.put(i, i % Workload.CLASSES);
        }
    }

    private static List<long[]> lenetShapes() {
        return List.of(
                new long[] {20, 1, 5, 5},
                new long[] {20},
                new long[] {50, 20, 5, 5},
                new long[] {50},
                new long[] {500, 800},
                new long[] {500},
                new long[] {Workload.CLASSES, 500},
                new long[] {Workload.CLASSES});
    }

    private List<long[]> vggShapes() {
        List<long[]> shapes = new ArrayList<>();
        long channels = 3;
        for (int filters : Workload.FILTERS) {
            for (int i = 0; i < 2; i++) {
                shapes.add(new long[] {filters, channels, 3, 3});
                addNorm(shapes, filters);
                channels = filters;
            }
        }
        shapes.add(new long[] {Workload.CLASSES, channels * 16});
        shapes.add(new long[] {Workload.CLASSES});
        return shapes;
    }

    private List<long[]> mnistBestShapes() {
        List<long[]> shapes = new ArrayList<>();
        long channels = 1;
        for (List<Integer> stage : Workload.STAGES) {
            for (int i = 0; i < stage.size(); i++) {
                long kernel = i == stage.size() - 1 ? 5 : 3;
                shapes.add(new long[] {stage.get(i), channels, kernel, kernel});
                channels = stage.get(i);
                addNorm(shapes, channels);
            }
        }
        shapes.add(new long[] {Workload.DENSE, channels * 16});
        addNorm(shapes, Workload.DENSE);
        shapes.add(new long[] {Workload.CLASSES, Workload.DENSE});
        shapes.add(new long[] {Workload.CLASSES});
        return shapes;
    }

    private void addNorm(List<long[]> shapes, long channels) {
        shapes.add(new long[] {channels});
        shapes.add(new long[] {channels});
        statistics.add(torch.zeros(channels));
        statistics.add(torch.ones(channels));
    }

    private static long size(long[] shape) {
        long size = 1;
        for (long axis : shape) {
            size *= axis;
        }
        return size;
    }

    @Override
    public void step() {
        try (PointerScope scope = new PointerScope()) {
            gradient.zero_();
            Tensor logits =
                    switch (workload) {
                        case LENET -> lenet();
                        case VGG -> vgg();
                        default -> mnistBest();
                    };
            torch.cross_entropy_loss(logits, labels)
                    .backward(new Tensor(), new BoolOptional(), false, new TensorArrayRefOptional());
            velocity.mul_(new Scalar(Workload.MOMENTUM)).add_(gradient);
            parameters.add_(velocity, new Scalar(-Workload.LEARNING_RATE));
        }
    }

    private Tensor lenet() {
        Tensor x = pool(torch.conv2d(images, weights.get(0), new TensorOptional(weights.get(1)), ONE, ZERO, ONE, 1));
        x = pool(torch.conv2d(x, weights.get(2), new TensorOptional(weights.get(3)), ONE, ZERO, ONE, 1));
        x = torch.relu(torch.linear(x.flatten(1, -1), weights.get(4), new TensorOptional(weights.get(5))));
        return torch.linear(x, weights.get(6), new TensorOptional(weights.get(7)));
    }

    private Tensor vgg() {
        Tensor x = images;
        for (int layer = 0; layer < 6; layer++) {
            int w = 3 * layer;
            x = torch.conv2d(x, weights.get(w), new TensorOptional(), ONE, ONE, ONE, 1);
            x = normalised(x, layer);
            x = layer % 2 == 1 ? pool(x) : x;
        }
        return torch.linear(x.flatten(1, -1), weights.get(18), new TensorOptional(weights.get(19)));
    }

    private Tensor mnistBest() {
        Tensor x = images;
        int layer = 0;
        for (List<Integer> stage : Workload.STAGES) {
            for (int i = 0; i < stage.size(); i++) {
                boolean last = i == stage.size() - 1;
                // As TensorFlow's "same" has it, at the bottom and on the right.
                Tensor padded = last ? torch.constant_pad_nd(x, new long[] {1, 2, 1, 2}, new Scalar(0)) : x;
                Tensor weight = weights.get(3 * layer);
                x = torch.conv2d(padded, weight, new TensorOptional(), last ? TWO : ONE, ZERO, ONE, 1);
                x = normalised(x, layer++);
            }
            x = torch.dropout(x, Workload.DROPOUT, true);
        }
        x = normalised(torch.linear(x.flatten(1, -1), weights.get(3 * layer)), layer);
        x = torch.dropout(x, Workload.DROPOUT, true);
        int last = 3 * (layer + 1);
        return torch.linear(x, weights.get(last), new TensorOptional(weights.get(last + 1)));
    }

    /** Normalises and cuts off; every layer before has a weight, a scale and a shift. */
    private Tensor normalised(Tensor x, int layer) {
        return torch.relu(torch.batch_norm(
                x,
                new TensorOptional(weights.get(3 * layer + 1)),
                new TensorOptional(weights.get(3 * layer + 2)),
                new TensorOptional(statistics.get(2 * layer)),
                new TensorOptional(statistics.get(2 * layer + 1)),
                true,
                0.1,
                1e-5,
                false));
    }

    private static Tensor pool(Tensor x) {
        return torch.max_pool2d(x, TWO, TWO, ZERO, ONE, false);
    }
}
