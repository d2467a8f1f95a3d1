package dev.convoy.data.source;

import dev.convoy.data.SourceImage;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongPredicate;
import org.apache.hadoop.conf.Configuration;

/** Makes listings of some of a source's images. */
public final class ImageSubset {
    private ImageSubset() {}

    /**
     * Lists some of a listing's images; they get ids from 0 without gaps, in the order of the ids that they had.
     *
     * @param chosen their ids in {@code listing}, at least one
     */
    public static ImageListing of(ImageListing listing, BitSet chosen) {
        long[] words = chosen.toLongArray();
        List<Split> splits =
                listing.splits().stream().map(split -> new Split(split, words)).toList();
        return new ImageListing(listing.description(), chosen.cardinality(), listing.classNames(), splits);
    }

    /**
     * Reads what is chosen of another split. It has all of the choice, as only the other split knows which ids it
     * holds.
     */
    private record Split(ImageSplit whole, long[] chosen) implements ImageSplit {
        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            int[] before = new int[chosen.length + 1];
            for (int i = 0; i < chosen.length; i++) {
                before[i + 1] = before[i] + Long.bitCount(chosen[i]);
            }
            Iterator<SourceImage> images = whole.read(hadoop, id -> isChosen(id) && wanted.test(rank(before, id)));
            Closeable source = images instanceof Closeable open ? open : () -> {};
            return new ClosingIterator(() -> images.hasNext() ? renamed(images.next(), before) : null, source);
        }

        private boolean isChosen(long id) {
            int word = (int) (id >>> 6);
            return word < chosen.length && (chosen[word] >>> (id & 63) & 1) == 1;
        }

        private long rank(int[] before, long id) {
            int word = (int) (id >>> 6);
            return (long) before[word] + Long.bitCount(chosen[word] & (1L << (id & 63)) - 1);
        }

        private SourceImage renamed(SourceImage image, int[] before) {
            return new SourceImage(rank(before, image.id()), image.name(), image.target(), image.data());
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Split split && whole.equals(split.whole) && Arrays.equals(chosen, split.chosen);
        }

        @Override
        public int hashCode() {
            return 31 * whole.hashCode() + Arrays.hashCode(chosen);
        }
    }
}
