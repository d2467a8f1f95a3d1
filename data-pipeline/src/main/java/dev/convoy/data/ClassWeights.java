package dev.convoy.data;

import java.io.Serializable;
import java.util.List;

/**
 * What the loss of a training example, and so its gradient, is multiplied by, according to its class. A batch's mean still divides by its
 * number of examples, so that the examples of many workers weigh the same as in one large batch.
 *
 * @param values by class index, finite and at least 0; empty if all weigh 1
 */
public record ClassWeights(List<Double> values) implements Serializable {
    /** All weigh 1. */
    public static final ClassWeights NONE = new ClassWeights(List.of());

    public ClassWeights {
        values = List.copyOf(values);
    }

    /**
     * Weights under which all classes weigh the same together, and an example 1 in the mean: examples / (classes * examples of the class),
     * as scikit-learn has it. Classes without examples are left out of the count and weigh 1.
     *
     * @param examples by class index
     */
    public static ClassWeights balanced(List<Long> examples) {
        double all = examples.stream().mapToLong(Long::longValue).sum();
        long classes = examples.stream().filter(count -> count > 0).count();
        return new ClassWeights(examples.stream()
                .map(count -> count == 0 ? 1 : all / (classes * count))
                .toList());
    }

    /** The weight of a class, by its index. */
    public double of(int classIndex) {
        return values.isEmpty() ? 1 : values.get(classIndex);
    }

    private double of(Target target) {
        if (target instanceof Target.ClassIndex single) {
            return of(single.index());
        }
        if (target instanceof Target.Mixed mixed) {
            double share = mixed.share();
            return share * of(mixed.first()) + (1 - share) * of(mixed.second());
        }
        return 1;
    }

    /**
     * Multiplies the weight of each example of a batch by that of its class; of a mixed one by those of its classes, each as far as it has a
     * share. Examples with dense targets keep their weights.
     *
     * @param batch not changed
     */
    public ImageBatch apply(ImageBatch batch) {
        if (values.isEmpty()) {
            return batch;
        }
        double[] weights = batch.weights().clone();
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= of(batch.targets().get(i));
        }
        return batch.withWeights(weights);
    }
}
