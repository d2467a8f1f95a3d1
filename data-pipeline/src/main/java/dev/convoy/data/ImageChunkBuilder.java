package dev.convoy.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Collects images, in the order of their ids, and lays them out as {@link ImageChunk} says. */
public final class ImageChunkBuilder {
    private final ImageShape shape;
    private final boolean files;
    private final LongStream.Builder ids = LongStream.builder();
    private final IntStream.Builder classes = IntStream.builder();
    private final IntStream.Builder ends = IntStream.builder();
    private final List<byte[]> targets = new ArrayList<>();
    private final List<RejectedImage> rejected = new ArrayList<>();
    private final List<ByteBuffer> images = new ArrayList<>();
    private int targetBytes;
    private int imageBytes;

    /**
     * Begins an empty chunk.
     *
     * @param shape of every image, of a file once it is decoded
     * @param files whether images come as files
     */
    public ImageChunkBuilder(ImageShape shape, boolean files) {
        this.shape = shape;
        this.files = files;
    }

    /**
     * Adds an image.
     *
     * @param image {@code [channels, height, width]} unsigned bytes, or a file; not copied before {@link #build}
     */
    public ImageChunkBuilder add(long id, Target target, byte[] image) {
        if (target instanceof Target.ClassIndex single) {
            add(id, single.index(), ByteBuffer.wrap(image));
        } else {
            addWithTarget(id, ObjectBytes.write(target), ByteBuffer.wrap(image));
        }
        return this;
    }

    /** Adds an image that cannot be used. */
    public ImageChunkBuilder reject(RejectedImage image) {
        rejected.add(image);
        return this;
    }

    /** Adds all of another chunk of this shape and kind. */
    public ImageChunkBuilder addAll(ImageChunk other) {
        for (int row = 0; row < other.size(); row++) {
            int index = other.classIndex(row);
            if (index >= 0) {
                add(other.id(row), index, other.slice(row));
            } else {
                addWithTarget(other.id(row), other.targetBytes(index), other.slice(row));
            }
        }
        rejected.addAll(other.rejected());
        return this;
    }

    private void addWithTarget(long id, byte[] target, ByteBuffer image) {
        add(id, -1 - targetBytes, image);
        targets.add(target);
        targetBytes += Integer.BYTES + target.length;
    }

    private void add(long id, int classIndex, ByteBuffer image) {
        if (!files && image.capacity() != shape.size()) {
            throw new IllegalArgumentException(
                    "Cannot put an image of " + image.capacity() + " bytes into a chunk of " + shape);
        }
        ids.add(id);
        classes.add(classIndex);
        images.add(image);
        imageBytes = Math.addExact(imageBytes, image.capacity());
        ends.add(imageBytes);
    }

    /** The number of usable images so far. */
    public int size() {
        return images.size();
    }

    /** The bytes that they take. */
    public int imageBytes() {
        return imageBytes;
    }

    /** Lays out what has been added, after which this builder is of no more use. */
    public byte[] build() {
        byte[] rejects = rejected.isEmpty() ? new byte[0] : ObjectBytes.write(rejected.toArray(RejectedImage[]::new));
        int perImage = Long.BYTES + (files ? 2 : 1) * Integer.BYTES;
        long ahead = ImageChunk.HEADER + (long) size() * perImage + (long) rejected.size() * Long.BYTES + targetBytes;
        int begin = Math.toIntExact(ahead + rejects.length);
        ByteBuffer out = ByteBuffer.allocate(Math.addExact(begin, imageBytes)).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(ImageChunk.MAGIC).putInt(ImageChunk.VERSION);
        out.putInt(shape.channels()).putInt(shape.height()).putInt(shape.width());
        out.putInt(size()).putInt(rejected.size()).putInt(files ? 1 : 0);
        out.putInt(targetBytes).putInt(rejects.length).putInt(begin).putInt(0);
        ids.build().forEach(out::putLong);
        rejected.forEach(image -> out.putLong(image.id()));
        classes.build().forEach(out::putInt);
        if (files) {
            ends.build().forEach(out::putInt);
        }
        targets.forEach(target -> out.putInt(target.length).put(target));
        out.put(rejects);
        images.forEach(image -> out.put(image.duplicate()));
        return out.array();
    }
}
