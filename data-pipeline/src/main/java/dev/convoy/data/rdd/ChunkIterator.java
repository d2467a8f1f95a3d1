package dev.convoy.data.rdd;

import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Target;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import scala.Tuple2;

/** Packs rows that come ordered by id into chunks of at most a number of bytes. */
final class ChunkIterator implements Iterator<ImageChunk> {
    private final ImageShape shape;
    private final int mostBytes;
    private final boolean files;
    private final Iterator<Tuple2<Long, ImageShards.Row>> rows;

    /** @param files whether rows hold image files, not pixels */
    ChunkIterator(ImageShape shape, int mostBytes, boolean files, Iterator<Tuple2<Long, ImageShards.Row>> rows) {
        this.shape = shape;
        this.mostBytes = mostBytes;
        this.files = files;
        this.rows = rows;
    }

    @Override
    public boolean hasNext() {
        return rows.hasNext();
    }

    @Override
    public ImageChunk next() {
        LongStream.Builder ids = LongStream.builder();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<Target> targets = new ArrayList<>();
        List<RejectedImage> rejected = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        // A file's size is known once it is there.
        int next = files ? 1 : shape.size();
        while (rows.hasNext() && (targets.isEmpty() || bytes.size() + next <= mostBytes)) {
            Tuple2<Long, ImageShards.Row> row = rows.next();
            if (row._2() instanceof ImageShards.Row.Usable usable) {
                ids.add(row._1());
                bytes.writeBytes(usable.bytes());
                ends.add(bytes.size());
                targets.add(usable.target());
            } else if (row._2() instanceof ImageShards.Row.Rejected bad) {
                rejected.add(bad.image());
            }
        }
        return new ImageChunk(
                shape,
                ids.build().toArray(),
                bytes.toByteArray(),
                files ? ends.stream().mapToInt(Integer::intValue).toArray() : null,
                List.copyOf(targets),
                rejected);
    }
}
