package dev.convoy.model;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.CounterRandom;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Target;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Batches of pixels drawn from a seed. */
public final class TestBatches {
    private TestBatches() {}

    public static ImageBatch classes(ImageShape shape, int size, int classes) {
        List<Target> targets = IntStream.range(0, size)
                .<Target>mapToObj(i -> new Target.ClassIndex(i % classes))
                .toList();
        return batch(shape, targets);
    }

    /** Four classes that weigh 0, 0.5, 2 and 3. */
    public static ImageBatch weighted(ImageShape shape, int size) {
        return new ClassWeights(List.of(0.0, 0.5, 2.0, 3.0)).apply(classes(shape, size, 4));
    }

    public static ImageBatch dense(ImageShape shape, int size, int outputs) {
        CounterRandom random = CounterRandom.of(2, CounterRandom.Purpose.LAYOUT);
        List<Target> targets = IntStream.range(0, size)
                .<Target>mapToObj(i -> {
                    float[] values = new float[outputs];
                    for (int o = 0; o < outputs; o++) {
                        values[o] = (float) random.uniform((long) i * outputs + o);
                    }
                    return new Target.Dense(values);
                })
                .toList();
        return batch(shape, targets);
    }

    private static ImageBatch batch(ImageShape shape, List<Target> targets) {
        CounterRandom random = CounterRandom.of(1, CounterRandom.Purpose.LAYOUT);
        byte[] pixels = new byte[targets.size() * shape.size()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.bits(i);
        }
        return new ImageBatch(shape, LongStream.range(0, targets.size()).toArray(), pixels, targets);
    }
}
