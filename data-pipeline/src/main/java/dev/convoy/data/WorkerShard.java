package dev.convoy.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** The chunks of one worker, from which it gathers its batches by id. */
public final class WorkerShard {
    private final List<ImageChunk> chunks;
    private final Map<Long, RejectedImage> rejected = new HashMap<>();

    /**
     * @param chunks ids increase within a chunk and from chunk to chunk; not copied
     */
    public WorkerShard(List<ImageChunk> chunks) {
        this.chunks = chunks;
        chunks.forEach(chunk -> chunk.rejected().forEach(image -> rejected.put(image.id(), image)));
    }

    /** Of all chunks that there are; they stay where they are. */
    public static WorkerShard of(Iterator<ImageChunk> chunks) {
        List<ImageChunk> all = new ArrayList<>();
        chunks.forEachRemaining(all::add);
        return new WorkerShard(all);
    }

    /** Every usable example, in the order of ids, in batches of at most this size. */
    public List<long[]> batches(int batchSize) {
        long[] ids = chunks.stream()
                .flatMapToLong(chunk -> Arrays.stream(chunk.ids()))
                .toArray();
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
        ImageShape shape = chunks.get(0).shape();
        byte[] pixels = new byte[Math.multiplyExact(usable.length, shape.size())];
        List<Target> targets = new ArrayList<>(usable.length);
        for (int i = 0; i < usable.length; i++) {
            ImageChunk chunk = chunkOf(usable[i]);
            int row = Arrays.binarySearch(chunk.ids(), usable[i]);
            if (row < 0) {
                throw new IllegalStateException("Example " + usable[i] + " is missing from its worker's chunks");
            }
            System.arraycopy(chunk.pixels(), row * shape.size(), pixels, i * shape.size(), shape.size());
            targets.add(chunk.targets().get(row));
        }
        return new ImageBatch(shape, usable, pixels, targets);
    }

    private ImageChunk chunkOf(long id) {
        for (ImageChunk chunk : chunks) {
            if (chunk.size() > 0 && id <= chunk.ids()[chunk.size() - 1]) {
                return chunk;
            }
        }
        throw new IllegalStateException("Example " + id + " is missing from its worker's chunks");
    }
}
