package dev.convoy.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** The chunks of one worker, from which it gathers its batches by id. Does not change, so that threads may share it. */
public final class WorkerShard {
    /** Of a mapping; systems allow some ten thousand mappings in a process. */
    private static final long MOST_MAPPED = 1L << 30;

    private final List<Part> parts = new ArrayList<>();
    private final Map<Long, RejectedImage> rejected = new HashMap<>();

    /** A chunk, wherever its pixels are. */
    private record Part(ImageShape shape, long[] ids, List<Target> targets, ByteBuffer pixels) {}

    private WorkerShard() {}

    /**
     * @param chunks ids increase within a chunk and from chunk to chunk; not copied
     */
    public WorkerShard(List<ImageChunk> chunks) {
        chunks.forEach(chunk -> add(chunk, ByteBuffer.wrap(chunk.pixels())));
    }

    /** Of all chunks that there are; they stay where they are. */
    public static WorkerShard of(Iterator<ImageChunk> chunks) {
        List<ImageChunk> all = new ArrayList<>();
        chunks.forEachRemaining(all::add);
        return new WorkerShard(all);
    }

    /**
     * Puts pixels into a file, which the operating system keeps in memory as far as there is any, and maps it. The file has no name
     * any more when this returns: its space is free once nothing refers to the shard.
     *
     * @param chunks one at a time in memory
     * @param folder with space for all pixels
     * @throws IOException if they cannot be written
     */
    public static WorkerShard mapped(Iterator<ImageChunk> chunks, Path folder) throws IOException {
        WorkerShard shard = new WorkerShard();
        List<ImageChunk> written = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        Path file = Files.createTempFile(folder, "convoy-", ".pixels");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            while (chunks.hasNext()) {
                ImageChunk chunk = chunks.next();
                starts.add(channel.position());
                written.add(chunk.withoutPixels());
                for (ByteBuffer left = ByteBuffer.wrap(chunk.pixels()); left.hasRemaining(); ) {
                    channel.write(left);
                }
            }
            ByteBuffer mapped = ByteBuffer.allocate(0);
            long from = 0;
            for (int i = 0; i < written.size(); i++) {
                int length = written.get(i).size() * written.get(i).shape().size();
                if (starts.get(i) + length > from + mapped.capacity()) {
                    from = starts.get(i);
                    long most = Math.min(channel.size() - from, Math.max(length, MOST_MAPPED));
                    mapped = channel.map(FileChannel.MapMode.READ_ONLY, from, most);
                }
                shard.add(written.get(i), mapped.slice((int) (starts.get(i) - from), length));
            }
        } finally {
            Files.delete(file);
        }
        return shard;
    }

    private void add(ImageChunk chunk, ByteBuffer pixels) {
        parts.add(new Part(chunk.shape(), chunk.ids(), chunk.targets(), pixels));
        chunk.rejected().forEach(image -> rejected.put(image.id(), image));
    }

    /** Every usable example, in the order of ids, in batches of at most this size. */
    public List<long[]> batches(int batchSize) {
        long[] ids =
                parts.stream().flatMapToLong(part -> Arrays.stream(part.ids)).toArray();
        List<long[]> batches = new ArrayList<>();
        for (int first = 0; first < ids.length; first += batchSize) {
            batches.add(Arrays.copyOfRange(ids, first, Math.min(ids.length, first + batchSize)));
        }
        return batches;
    }

    /**
     * Copies the images of a batch together, leaving out those that were rejected.
     *
     * @param ids examples of this worker
     * @return the usable ones, in the order of {@code ids}
     * @throws IllegalStateException if an id is neither here nor among the rejected, which would lose an example
     */
    public ImageBatch gather(long[] ids) {
        long[] usable =
                Arrays.stream(ids).filter(id -> !rejected.containsKey(id)).toArray();
        ImageShape shape = parts.get(0).shape;
        byte[] pixels = new byte[Math.multiplyExact(usable.length, shape.size())];
        List<Target> targets = new ArrayList<>(usable.length);
        for (int i = 0; i < usable.length; i++) {
            Part part = partOf(usable[i]);
            int row = Arrays.binarySearch(part.ids, usable[i]);
            if (row < 0) {
                throw new IllegalStateException("Example " + usable[i] + " is missing from its worker's chunks");
            }
            part.pixels.get(row * shape.size(), pixels, i * shape.size(), shape.size());
            targets.add(part.targets.get(row));
        }
        return new ImageBatch(shape, usable, pixels, targets);
    }

    /** Parts are ordered by id, so that the first whose last id is not smaller is the one. */
    private Part partOf(long id) {
        int low = 0;
        int high = parts.size();
        while (low < high) {
            int middle = (low + high) / 2;
            if (lastIdUpTo(middle) < id) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == parts.size()) {
            throw new IllegalStateException("Example " + id + " is missing from its worker's chunks");
        }
        return parts.get(low);
    }

    /** The last id of this part, or of the last one before it that has any. */
    private long lastIdUpTo(int index) {
        for (int i = index; i >= 0; i--) {
            long[] ids = parts.get(i).ids;
            if (ids.length > 0) {
                return ids[ids.length - 1];
            }
        }
        return Long.MIN_VALUE;
    }
}
