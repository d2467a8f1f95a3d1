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
    private final Iterator<Tuple2<Long, ImageShards.Row>> rows;

    ChunkIterator(ImageShape shape, int mostBytes, Iterator<Tuple2<Long, ImageShards.Row>> rows) {
        this.shape = shape;
        this.mostBytes = mostBytes;
        this.rows = rows;
    }

    @Override
    public boolean hasNext() {
        return rows.hasNext();
    }

    @Override
    public ImageChunk next() {
        LongStream.Builder ids = LongStream.builder();
        ByteArrayOutputStream pixels = new ByteArrayOutputStream();
        List<Target> targets = new ArrayList<>();
        List<RejectedImage> rejected = new ArrayList<>();
        int most = Math.max(1, mostBytes / shape.size());
        while (rows.hasNext() && targets.size() < most) {
            Tuple2<Long, ImageShards.Row> row = rows.next();
            if (row._2() instanceof ImageShards.Row.Usable usable) {
                ids.add(row._1());
                pixels.writeBytes(usable.pixels());
                targets.add(usable.target());
            } else if (row._2() instanceof ImageShards.Row.Rejected bad) {
                rejected.add(bad.image());
            }
        }
        return new ImageChunk(shape, ids.build().toArray(), pixels.toByteArray(), List.copyOf(targets), rejected);
    }
}
