package dev.convoy.data.source;

import dev.convoy.data.SourceImage;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
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
        long[] before = ranks(words, 0);
        List<Split> splits = listing.splits().stream()
                .map(split -> Split.of(split, words, before))
                .toList();
        return new ImageListing(listing.description(), before[words.length], listing.classNames(), splits);
    }

    /** How many ids are chosen before each word, and in the end in all, where so many are chosen before the first one. */
    private static long[] ranks(long[] words, long first) {
        long[] ranks = new long[words.length + 1];
        ranks[0] = first;
        for (int i = 0; i < words.length; i++) {
            ranks[i + 1] = ranks[i] + Long.bitCount(words[i]);
        }
        return ranks;
    }

    /**
     * Reads what is chosen of another split.
     *
     * @param words the choice, a bit for each id, from a word on; of all ids it would go out with every split
     * @param firstWord the number of the first of them
     * @param before how many ids are chosen in words before
     */
    private record Split(ImageSplit whole, long[] words, int firstWord, long before) implements ImageSplit {
        static Split of(ImageSplit whole, long[] words, long[] before) {
            Ids ids = whole.ids();
            int first = (int) Math.min(words.length, ids.first() >>> 6);
            int end = (int) Math.max(first, Math.min(words.length, (ids.end() + 63) >>> 6));
            return 2 * (end - first) > words.length
                    // Of prepared sets, whose images are shuffled: all splits have the same array, until they are sent.
                    ? new Split(whole, words, 0, 0)
                    : new Split(whole, Arrays.copyOfRange(words, first, end), first, before[first]);
        }

        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            long[] ranks = ranks(words, before);
            Iterator<SourceImage> images = whole.read(hadoop, id -> isChosen(id) && wanted.test(rank(ranks, id)));
            Closeable source = images instanceof Closeable open ? open : () -> {};
            return new ClosingIterator(() -> images.hasNext() ? renamed(images.next(), ranks) : null, source);
        }

        @Override
        public Ids ids() {
            return new Ids(before, ranks(words, before)[words.length]);
        }

        private int word(long id) {
            return (int) (id >>> 6) - firstWord;
        }

        private boolean isChosen(long id) {
            int word = word(id);
            return word >= 0 && word < words.length && (words[word] >>> (id & 63) & 1) == 1;
        }

        private long rank(long[] ranks, long id) {
            return ranks[word(id)] + Long.bitCount(words[word(id)] & (1L << (id & 63)) - 1);
        }

        private SourceImage renamed(SourceImage image, long[] ranks) {
            return new SourceImage(rank(ranks, image.id()), image.name(), image.target(), image.data());
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Split split
                    && whole.equals(split.whole)
                    && Arrays.equals(words, split.words)
                    && firstWord == split.firstWord
                    && before == split.before;
        }

        @Override
        public int hashCode() {
            return Objects.hash(whole, Arrays.hashCode(words), firstWord, before);
        }
    }
}
