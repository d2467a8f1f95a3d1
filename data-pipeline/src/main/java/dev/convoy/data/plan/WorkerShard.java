package dev.convoy.data.plan;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
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
import java.util.TreeMap;
import java.util.stream.LongStream;

/** The chunks of one worker, from which it gathers its batches by id. Does not change, so that threads may share it. */
public final class WorkerShard {
    /** Of a mapping; systems allow some ten thousand mappings in a process. */
    private static final long MAX_MAPPED = 1L << 30;

    private final List<StoredChunk> parts = new ArrayList<>();
    private final Map<Long, RejectedImage> rejected = new HashMap<>();
    /** Null where images are decoded. */
    private final ImageDecoder decoder;
    /** Found when first asked for. */
    private long[] ids;

    private List<long[]> idsByClass;

    /** A chunk but for its bytes, and these, wherever they are. */
    private record StoredChunk(ImageChunk chunk, ByteBuffer bytes) {
        byte[] read(int row) {
            byte[] image = new byte[chunk.start(row + 1) - chunk.start(row)];
            bytes.get(chunk.start(row), image);
            return image;
        }
    }

    private WorkerShard(ImageDecoder decoder) {
        this.decoder = decoder;
    }

    /**
     * @param chunks ids increase within a chunk and from chunk to chunk; not copied
     * @param decoder of image files; null where images are decoded
     */
    public WorkerShard(List<ImageChunk> chunks, ImageDecoder decoder) {
        this(decoder);
        chunks.forEach(chunk -> add(chunk, ByteBuffer.wrap(chunk.bytes())));
    }

    /** Of decoded images. */
    public WorkerShard(List<ImageChunk> chunks) {
        this(chunks, null);
    }

    /** Of all chunks that there are; they stay where they are. */
    public static WorkerShard of(Iterator<ImageChunk> chunks, ImageDecoder decoder) {
        List<ImageChunk> all = new ArrayList<>();
        chunks.forEachRemaining(all::add);
        return new WorkerShard(all, decoder);
    }

    /**
     * Puts images into a file, which the operating system keeps in memory as far as there is any, and maps it. The file has no name
     * any more when this returns: its space is free once nothing refers to the shard.
     *
     * @param chunks one at a time in memory
     * @param decoder of image files; null where images are decoded
     * @param folder with space for all images
     * @throws IOException if they cannot be written
     */
    public static WorkerShard mapped(Iterator<ImageChunk> chunks, ImageDecoder decoder, Path folder)
            throws IOException {
        WorkerShard shard = new WorkerShard(decoder);
        List<ImageChunk> written = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        Path file = Files.createTempFile(folder, "convoy-", ".images");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            while (chunks.hasNext()) {
                ImageChunk chunk = chunks.next();
                starts.add(channel.position());
                written.add(chunk.withoutBytes());
                for (ByteBuffer left = ByteBuffer.wrap(chunk.bytes()); left.hasRemaining(); ) {
                    channel.write(left);
                }
            }
            ByteBuffer mapped = ByteBuffer.allocate(0);
            long from = 0;
            for (int i = 0; i < written.size(); i++) {
                int length = written.get(i).start(written.get(i).size());
                if (starts.get(i) + length > from + mapped.capacity()) {
                    from = starts.get(i);
                    long bytes = Math.min(channel.size() - from, Math.max(length, MAX_MAPPED));
                    mapped = channel.map(FileChannel.MapMode.READ_ONLY, from, bytes);
                }
                shard.add(written.get(i), mapped.slice((int) (starts.get(i) - from), length));
            }
        } finally {
            Files.delete(file);
        }
        return shard;
    }

    private void add(ImageChunk chunk, ByteBuffer bytes) {
        parts.add(new StoredChunk(chunk.withoutBytes(), bytes));
        chunk.rejected().forEach(image -> rejected.put(image.id(), image));
    }

    /** All of the worker's ids in increasing order, those of rejected images among them; not to be changed. */
    synchronized long[] ids() {
        if (ids == null) {
            ids = LongStream.concat(usable(), rejected.keySet().stream().mapToLong(Long::longValue))
                    .sorted()
                    .toArray();
        }
        return ids;
    }

    private LongStream usable() {
        return parts.stream().flatMapToLong(part -> Arrays.stream(part.chunk.ids()));
    }

    /** The usable examples of each class that there is, in increasing order; those without a class are one. */
    synchronized List<long[]> idsByClass() {
        if (idsByClass == null) {
            Map<Integer, LongStream.Builder> classes = new TreeMap<>();
            for (StoredChunk part : parts) {
                for (int row = 0; row < part.chunk.size(); row++) {
                    int index = part.chunk.targets().get(row) instanceof Target.ClassIndex c ? c.index() : -1;
                    classes.computeIfAbsent(index, key -> LongStream.builder())
                            .add(part.chunk.ids()[row]);
                }
            }
            idsByClass = classes.values().stream()
                    .map(builder -> builder.build().toArray())
                    .toList();
        }
        return idsByClass;
    }

    /** Every usable example, in the order of ids, in batches of at most this size. */
    public List<long[]> batches(int batchSize) {
        long[] all = usable().toArray();
        List<long[]> batches = new ArrayList<>();
        for (int first = 0; first < all.length; first += batchSize) {
            batches.add(Arrays.copyOfRange(all, first, Math.min(all.length, first + batchSize)));
        }
        return batches;
    }

    /**
     * Copies the images of a batch together, decoded, leaving out those that were rejected.
     *
     * @param wanted ids of this worker's examples
     * @return the usable ones, in the order of {@code wanted}
     * @throws IllegalStateException if an id is neither here nor among the rejected, which would lose an example
     */
    public ImageBatch gather(long[] wanted) {
        long[] usable =
                Arrays.stream(wanted).filter(id -> !rejected.containsKey(id)).toArray();
        ImageShape shape = parts.get(0).chunk.shape();
        byte[] pixels = new byte[Math.multiplyExact(usable.length, shape.size())];
        List<Target> targets = new ArrayList<>(usable.length);
        for (int i = 0; i < usable.length; i++) {
            StoredChunk part = partOf(usable[i]);
            int row = Arrays.binarySearch(part.chunk.ids(), usable[i]);
            if (row < 0) {
                throw new IllegalStateException("Example " + usable[i] + " is missing from its worker's chunks");
            }
            if (decoder == null) {
                part.bytes.get(part.chunk.start(row), pixels, i * shape.size(), shape.size());
            } else {
                System.arraycopy(decoded(part.read(row), usable[i]), 0, pixels, i * shape.size(), shape.size());
            }
            targets.add(part.chunk.targets().get(row));
        }
        return new ImageBatch(shape, usable, pixels, targets);
    }

    private byte[] decoded(byte[] file, long id) {
        try {
            return decoder.decode(new SourceImage.Data.Encoded(file));
        } catch (BadImageException e) {
            throw new IllegalStateException("Example " + id + " could be decoded before and cannot any more", e);
        }
    }

    /** Parts are ordered by id, so that the first whose last id is not smaller is the one. */
    private StoredChunk partOf(long id) {
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
            long[] held = parts.get(i).chunk.ids();
            if (held.length > 0) {
                return held[held.length - 1];
            }
        }
        return Long.MIN_VALUE;
    }
}
