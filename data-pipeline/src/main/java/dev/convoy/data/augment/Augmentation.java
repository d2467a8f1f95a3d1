package dev.convoy.data.augment;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.CounterRandom;
import dev.convoy.data.CounterRandom.Purpose;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Target;
import dev.convoy.data.augment.GeometricTransform.ResizedCrop;
import dev.convoy.data.plan.WorkerShard;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;

/**
 * Random changes that training images go through, in the order of the list; moves that follow each other are made in one.
 *
 * <p>What is drawn for an image depends on the seed, the epoch, its id and the place in the list, and on nothing else: not on workers,
 * batches, backends or retries; where an image may come several times an epoch, on the place there too. Only the partner with which an
 * image is mixed depends on the plan: it is the next one in its batch, and the first for the last.
 *
 * @param transforms those that mix come last
 */
public record Augmentation(List<ImageTransform> transforms) implements Serializable {
    /** Leaves images as they are. */
    public static final Augmentation NONE = new Augmentation(List.of());

    public Augmentation {
        transforms = List.copyOf(transforms);
        if (transforms.stream().skip(1).anyMatch(Augmentation::cutsOriginals)) {
            throw new ConvoyException(
                    "Cannot change images in this order: a resized crop from originals must come first,"
                            + " since images are cut while they are decoded");
        }
        boolean mixed = false;
        for (ImageTransform transform : transforms) {
            if (mixed && !(transform instanceof MixingTransform)) {
                throw new ConvoyException(
                        "Cannot change images in this order: mix-up and cut-mix must come after all others,"
                                + " since they put two finished images together");
            }
            mixed = transform instanceof MixingTransform;
        }
    }

    private static boolean cutsOriginals(ImageTransform transform) {
        return transform instanceof ResizedCrop crop && crop.from() == ResizedCrop.From.ORIGINAL;
    }

    /** Whether images have to be kept as files, since parts are cut out while they are decoded. */
    public boolean cutsOriginals() {
        return !transforms.isEmpty() && cutsOriginals(transforms.get(0));
    }

    /**
     * Gathers and changes a batch.
     *
     * @param ids of images of the shard
     * @param epoch from 0
     * @param position as {@link #apply(ImageBatch, long, int, OptionalLong)} takes it
     * @throws ConvoyException if it {@link #cutsOriginals} that the shard does not have
     */
    public ImageBatch gather(WorkerShard shard, long[] ids, long seed, int epoch, OptionalLong position) {
        if (!cutsOriginals()) {
            return apply(shard.gather(ids), seed, epoch, position);
        }
        ResizedCrop crop = (ResizedCrop) transforms.get(0);
        ImageBatch cut = shard.gather(ids, (id, index) -> {
            IntFunction<Draws> draws = key(seed, epoch, id, position, index);
            return Optional.of(crop.view(() -> draws.apply(0)));
        });
        return apply(cut, seed, epoch, position, 1);
    }

    /** Changes a batch in an epoch in which every image comes once at most. */
    public ImageBatch apply(ImageBatch batch, long seed, int epoch) {
        return apply(batch, seed, epoch, OptionalLong.empty());
    }

    /**
     * Changes a batch; crops that are to come from originals come from the images of the batch.
     *
     * @param batch not changed
     * @param epoch from 0
     * @param position of the batch's first image in its worker's epoch, where an image may come again, so that it is changed
     *     in another way each time
     */
    public ImageBatch apply(ImageBatch batch, long seed, int epoch, OptionalLong position) {
        return apply(batch, seed, epoch, position, 0);
    }

    /**
     * Does what is left to be done.
     *
     * @param first place in the list
     */
    private ImageBatch apply(ImageBatch batch, long seed, int epoch, OptionalLong position, int first) {
        if (first == transforms.size() || batch.size() == 0) {
            return batch;
        }
        ImageShape shape = batch.shape();
        List<byte[]> images = new ArrayList<>(batch.size());
        for (int i = 0; i < batch.size(); i++) {
            byte[] image = Arrays.copyOfRange(batch.pixels(), i * shape.size(), (i + 1) * shape.size());
            images.add(change(image, shape, key(seed, epoch, batch.ids()[i], position, i), first));
        }
        List<Target> targets = batch.targets();
        for (int place = first; place < transforms.size(); place++) {
            if (transforms.get(place) instanceof MixingTransform mixing) {
                List<byte[]> before = images.stream().map(byte[]::clone).toList();
                List<Target> mixed = new ArrayList<>();
                for (int i = 0; i < images.size(); i++) {
                    int partner = (i + 1) % images.size();
                    Draws draws = key(seed, epoch, batch.ids()[i], position, i).apply(place);
                    double kept = draws.chance(mixing.probability())
                            ? mixing.mix(images.get(i), before.get(partner), shape, draws.beta(mixing.alpha()), draws)
                            : 1;
                    mixed.add(
                            kept == 1
                                    ? targets.get(i)
                                    : new Target.Mixed(targets.get(i), targets.get(partner), (float) kept));
                }
                targets = mixed;
            }
        }
        byte[] pixels = new byte[batch.pixels().length];
        for (int i = 0; i < images.size(); i++) {
            System.arraycopy(images.get(i), 0, pixels, i * shape.size(), shape.size());
        }
        return batch.withPixels(pixels).withTargets(targets);
    }

    private byte[] change(byte[] image, ImageShape shape, IntFunction<Draws> drawsAt, int first) {
        byte[] pixels = image;
        Geometry move = Geometry.IDENTITY;
        for (int place = first; place < transforms.size(); place++) {
            Draws draws = drawsAt.apply(place);
            if (transforms.get(place) instanceof GeometricTransform geometric) {
                move = move.then(geometric.draw(draws, shape));
            } else if (transforms.get(place) instanceof PixelTransform pixelwise) {
                pixels = moved(pixels, shape, move);
                move = Geometry.IDENTITY;
                pixelwise.apply(pixels, shape, draws);
            }
        }
        return moved(pixels, shape, move);
    }

    private static byte[] moved(byte[] pixels, ImageShape shape, Geometry move) {
        return move.equals(Geometry.IDENTITY) ? pixels : move.apply(pixels, shape);
    }

    /** What is drawn for an image, by the place in the list. */
    private static IntFunction<Draws> key(long seed, int epoch, long id, OptionalLong position, int index) {
        return place -> new Draws(
                position.isEmpty()
                        ? CounterRandom.of(seed, Purpose.AUGMENTATION, epoch, id, place)
                        : CounterRandom.of(seed, Purpose.AUGMENTATION, epoch, id, place, position.getAsLong() + index));
    }
}
