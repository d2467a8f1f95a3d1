package dev.convoy.data.plan;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.decode.View;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * One worker's images, from which it gathers its batches by id. A shard is a view of {@link ImageChunk}s: the time to
 * open one depends on the number of chunks, not of images. It does not change, so that threads may share it.
 */
public final class WorkerShard {
    /** The most bytes of a mapping; systems allow some ten thousand mappings in a process. */
    private static final long MAX_MAPPED = 1L << 30;

    /** Says which images of a batch are decoded in part. */
    @FunctionalInterface
    public interface Views {
        /**
         * Which part of an image is decoded; empty for the whole.
         *
         * @param index among the usable images of the batch, from 0
         */
        Optional<View> of(long id, int index);
    }

    private final List<ImageChunk> chunks;
    /** By chunk, the last id of a usable image in it, or in those before it if it has none. */
    private final long[] lastIds;
    /** The ids of rejected images, in increasing order. */
    private final long[] rejected;

    private final Optional<ImageDecoder> decoder;
    /** All ids, and those of each class; both are found when they are first asked for. */
    private long[] ids;

    private List<long[]> idsByClass;

    private WorkerShard(List<ImageChunk> chunks, Optional<ImageDecoder> decoder) {
        this.chunks = chunks;
        this.decoder = decoder;
        this.lastIds = new long[chunks.size()];
        long last = Long.MIN_VALUE;
        for (int i = 0; i < lastIds.length; i++) {
            ImageChunk chunk = chunks.get(i);
            last = chunk.size() == 0 ? last : chunk.id(chunk.size() - 1);
            lastIds[i] = last;
        }
        this.rejected = chunks.stream().flatMapToLong(ImageChunk::rejectedIds).toArray();
    }

    /**
     * Opens chunks where they are, in memory.
     *
     * @param chunks bytes of {@link ImageChunk}s, whose ids increase within each and from one to the next; not copied
     */
    public static WorkerShard of(Iterator<byte[]> chunks) {
        List<ImageChunk> all = new ArrayList<>();
        chunks.forEachRemaining(chunk -> all.add(new ImageChunk(chunk)));
        return new WorkerShard(all, Optional.empty());
    }

    /** Opens chunks where they are, in memory, as {@link #of(Iterator)} does. */
    public static WorkerShard of(List<byte[]> chunks) {
        return of(chunks.iterator());
    }

    /**
     * Puts the images of chunks into a file and maps it, so that the operating system keeps in memory what there is
     * room for. The file has no name any more when this returns: its space is free once nothing refers to the shard.
     *
     * @param chunks as {@link #of(Iterator)} takes them; one at a time is in memory
     * @param folder with space for all images
     * @throws IOException if they cannot be written
     */
    public static WorkerShard mapped(Iterator<byte[]> chunks, Path folder) throws IOException {
        List<byte[]> heads = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        Path file = Files.createTempFile(folder, "convoy-", ".images");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            while (chunks.hasNext()) {
                ImageChunk chunk = new ImageChunk(chunks.next());
                heads.add(chunk.head());
                for (ByteBuffer left = chunk.images(); left.hasRemaining(); ) {
                    channel.write(left);
                }
                ends.add(channel.position());
            }
            return new WorkerShard(mapped(channel, heads, ends), Optional.empty());
        } finally {
            Files.delete(file);
        }
    }

    /** Maps as many chunks at once as fit into a mapping. */
    private static List<ImageChunk> mapped(FileChannel channel, List<byte[]> heads, List<Long> ends)
            throws IOException {
        List<ImageChunk> chunks = new ArrayList<>();
        ByteBuffer mapping = ByteBuffer.allocate(0);
        long from = 0;
        long start = 0;
        for (int i = 0; i < heads.size(); i++) {
            long end = ends.get(i);
            if (end > from + mapping.capacity()) {
                from = start;
                mapping = channel.map(
                        FileChannel.MapMode.READ_ONLY,
                        from,
                        Math.min(channel.size() - from, Math.max(end - start, MAX_MAPPED)));
            }
            chunks.add(new ImageChunk(heads.get(i), mapping.slice((int) (start - from), (int) (end - start))));
            start = end;
        }
        return chunks;
    }

    /** Makes this shard with a decoder, which it needs if its images are files. */
    public WorkerShard withDecoder(ImageDecoder other) {
        return new WorkerShard(chunks, Optional.of(other));
    }

    /**
     * All of the worker's ids in increasing order, those of rejected images among them. The array must not be changed.
     */
    synchronized long[] ids() {
        if (ids == null) {
            ids = LongStream.concat(usable(), LongStream.of(rejected)).sorted().toArray();
        }
        return ids;
    }

    private LongStream usable() {
        return chunks.stream()
                .flatMapToLong(chunk -> IntStream.range(0, chunk.size()).mapToLong(chunk::id));
    }

    /**
     * The ids of the usable images of each class of which there are any, in increasing order. Images whose target is no
     * class index make up a class together.
     */
    synchronized List<long[]> idsByClass() {
        if (idsByClass == null) {
            Map<Integer, LongStream.Builder> classes = new TreeMap<>();
            for (ImageChunk chunk : chunks) {
                for (int row = 0; row < chunk.size(); row++) {
                    classes.computeIfAbsent(Math.max(-1, chunk.classIndex(row)), key -> LongStream.builder())
                            .add(chunk.id(row));
                }
            }
            idsByClass = classes.values().stream()
                    .map(builder -> builder.build().toArray())
                    .toList();
        }
        return idsByClass;
    }

    /**
     * The ids of some usable images of a class, spread over all of them.
     *
     * @param max how many at most
     */
    public long[] idsOfClass(int classIndex, int max) {
        long[] all = chunks.stream()
                .flatMapToLong(chunk -> IntStream.range(0, chunk.size())
                        .filter(row -> chunk.classIndex(row) == classIndex)
                        .mapToLong(chunk::id))
                .toArray();
        int taken = Math.min(max, all.length);
        return IntStream.range(0, taken)
                .mapToLong(i -> all[(int) ((long) i * all.length / taken)])
                .toArray();
    }

    /** Cuts the ids of all usable images, in increasing order, into batches of at most a size. */
    public List<long[]> batches(int batchSize) {
        long[] all = usable().toArray();
        List<long[]> batches = new ArrayList<>();
        for (int first = 0; first < all.length; first += batchSize) {
            batches.add(Arrays.copyOfRange(all, first, Math.min(all.length, first + batchSize)));
        }
        return batches;
    }

    /**
     * Copies the images of a batch together, decoded, without those that were rejected.
     *
     * @param wanted ids of this worker's images
     * @return the usable ones among them, in the order of {@code wanted}
     * @throws IllegalStateException if an id belongs to none of this shard's images, neither a usable nor a rejected
     *     one
     */
    public ImageBatch gather(long[] wanted) {
        return gather(wanted, (id, index) -> Optional.empty());
    }

    /**
     * As {@link #gather(long[])}, but decodes parts of images, which must be files.
     *
     * @throws ConvoyException if there is a view of an image whose file is not kept
     */
    public ImageBatch gather(long[] wanted, Views views) {
        long[] usable = Arrays.stream(wanted)
                .filter(id -> Arrays.binarySearch(rejected, id) < 0)
                .toArray();
        ImageShape shape = chunks.get(0).shape();
        byte[] pixels = new byte[Math.multiplyExact(usable.length, shape.size())];
        List<Target> targets = new ArrayList<>(usable.length);
        for (int i = 0; i < usable.length; i++) {
            ImageChunk chunk = chunkOf(usable[i]);
            int row = chunk.rowOf(usable[i]);
            if (row < 0) {
                throw missing(usable[i]);
            }
            Optional<View> view = views.of(usable[i], i);
            if (chunk.holdsFiles()) {
                byte[] image = decoded(chunk.image(row), usable[i], view);
                System.arraycopy(image, 0, pixels, i * shape.size(), shape.size());
            } else if (view.isPresent()) {
                throw new ConvoyException("Cannot cut parts out of original images, since they are kept resized;"
                        + " set data.cache = encoded (Cache.ENCODED) to keep their files");
            } else {
                chunk.copyImage(row, pixels, i * shape.size());
            }
            targets.add(chunk.target(row));
        }
        return new ImageBatch(shape, usable, pixels, targets);
    }

    private static IllegalStateException missing(long id) {
        return new IllegalStateException("Example " + id + " is missing from its worker's chunks");
    }

    private byte[] decoded(byte[] file, long id, Optional<View> view) {
        SourceImage.Data.Encoded data = new SourceImage.Data.Encoded(file);
        ImageDecoder made = decoder.orElseThrow();
        try {
            return view.isEmpty() ? made.decode(data) : made.decode(data, view.get());
        } catch (BadImageException e) {
            throw new IllegalStateException("Example " + id + " could be decoded before and cannot any more", e);
        }
    }

    /**
     * Finds the chunk that may hold an id: chunks are ordered by id, so that it is the first whose last id is not
     * smaller.
     */
    private ImageChunk chunkOf(long id) {
        int low = 0;
        int high = lastIds.length;
        while (low < high) {
            int middle = (low + high) / 2;
            if (lastIds[middle] < id) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == lastIds.length) {
            throw missing(id);
        }
        return chunks.get(low);
    }
}
