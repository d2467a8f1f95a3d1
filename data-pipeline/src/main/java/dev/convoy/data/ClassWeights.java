package dev.convoy.data;

import java.io.Serializable;
import java.util.List;

/**
 * Weights of classes: the loss of a training example, and so its gradient, is multiplied by the weight of its class.
 * The mean over a batch still divides by the number of examples, so that an example weighs in many small batches what
 * it weighs in a large one.
 *
 * @param values by class index, finite and at least 0; empty if all weigh 1
 */
public record ClassWeights(List<Double> values) implements Serializable {
    /** Gives every class the weight 1. */
    public static final ClassWeights NONE = new ClassWeights(List.of());

    public ClassWeights {
        values = List.copyOf(values);
    }

    /**
     * Balances classes as scikit-learn does: a class weighs {@code examples / (classes * examples of the class)}. Then
     * all classes weigh the same in sum, and examples weigh 1 on average. Classes without examples are not counted, and
     * weigh 1.
     *
     * @param examples number of examples, by class index
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
     * Multiplies the weight of each example of a batch by that of its class; of a mixed one by those of its classes,
     * each as far as it has a share. Examples with dense targets keep their weights.
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
