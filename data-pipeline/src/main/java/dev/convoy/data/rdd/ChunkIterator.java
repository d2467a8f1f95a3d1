package dev.convoy.data.rdd;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageChunkBuilder;
import dev.convoy.data.ImageShape;
import java.util.Iterator;
import scala.Tuple2;

/** Packs images that come one by one into chunks of at most a number of bytes. */
final class ChunkIterator implements Iterator<byte[]> {
    private final ImageShape shape;
    private final int maxBytes;
    private final boolean files;
    private final Iterator<Tuple2<Long, byte[]>> images;
    private long lastId = -1;

    /**
     * @param maxBytes of the images in a chunk, but for its last one
     * @param files whether images are files
     * @param images by id, in increasing order; each a chunk of its own
     */
    ChunkIterator(ImageShape shape, int maxBytes, boolean files, Iterator<Tuple2<Long, byte[]>> images) {
        this.shape = shape;
        this.maxBytes = maxBytes;
        this.files = files;
        this.images = images;
    }

    @Override
    public boolean hasNext() {
        return images.hasNext();
    }

    /** @throws ConvoyException if two images have the same id */
    @Override
    public byte[] next() {
        ImageChunkBuilder chunk = new ImageChunkBuilder(shape, files);
        // A file's size is known once it is there.
        long upcoming = files ? 1 : shape.size();
        while (images.hasNext() && (chunk.size() == 0 || chunk.imageBytes() + upcoming <= maxBytes)) {
            Tuple2<Long, byte[]> image = images.next();
            if (image._1() == lastId) {
                throw new ConvoyException("Cannot tell two images with the id " + lastId
                        + " apart; give ids from 0 without gaps, each to one image");
            }
            lastId = image._1();
            chunk.addAll(new ImageChunk(image._2()));
        }
        return chunk.build();
    }
}
