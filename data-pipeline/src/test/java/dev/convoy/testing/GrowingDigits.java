package dev.convoy.testing;

import dev.convoy.data.SourceImage;
import dev.convoy.data.source.IdxSource;
import dev.convoy.data.source.ImageSplit;
import dev.convoy.storage.AtomicFiles;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Digits that become more from night to night, and are not always what they should be. No image is taken twice. */
public final class GrowingDigits {
    private static final int SIDE = 28;
    private static final int CLASSES = 10;

    private record Digit(byte[] pixels, int label) {}

    private final List<Digit> unused = new ArrayList<>();
    private final List<Digit> digits = new ArrayList<>();
    private final SplittableRandom random;

    /**
     * @param source of digits of 28 by 28
     * @param seed of the order in which they are taken
     */
    public GrowingDigits(IdxSource source, long seed) throws IOException {
        Configuration hadoop = new Configuration();
        for (ImageSplit split : source.list(hadoop, List.of()).splits()) {
            for (Iterator<SourceImage> images = split.read(hadoop, id -> true); images.hasNext(); ) {
                SourceImage image = images.next();
                unused.add(new Digit(((SourceImage.Data.Pixels) image.data()).bytes(), image.label()));
            }
        }
        random = new SplittableRandom(seed);
        for (int i = unused.size() - 1; i > 0; i--) {
            Collections.swap(unused, i, random.nextInt(i + 1));
        }
    }

    /** How many there are. */
    public int size() {
        return digits.size();
    }

    /** How many are left to be taken. */
    public int left() {
        return unused.size();
    }

    /** Adds digits as they are. */
    public void add(int count) {
        add(count, pixels -> pixels);
    }

    /** Adds digits with changed pixels. */
    public void add(int count, UnaryOperator<byte[]> change) {
        for (Digit digit : take(count)) {
            digits.add(new Digit(change.apply(digit.pixels), digit.label));
        }
    }

    /** Adds digits with labels that are not theirs. */
    public void addMislabelled(int count) {
        for (Digit digit : take(count)) {
            digits.add(new Digit(digit.pixels, (digit.label + 1 + random.nextInt(CLASSES - 1)) % CLASSES));
        }
    }

    /** Adds digits as a class of its own. */
    public void addAs(int count, int label) {
        for (Digit digit : take(count)) {
            digits.add(new Digit(digit.pixels, label));
        }
    }

    /** Adds a copy of each digit. */
    public void copyAll() {
        digits.addAll(List.copyOf(digits));
    }

    /** Takes the last ones away again. */
    public void dropLast(int count) {
        digits.subList(digits.size() - count, digits.size()).clear();
    }

    /** Takes a class away. */
    public void drop(int label) {
        digits.removeIf(digit -> digit.label == label);
    }

    /** Remembers which digits there are; running what is answered brings them back, without those that came later. */
    public Runnable remember() {
        List<Digit> now = List.copyOf(digits);
        return () -> {
            digits.clear();
            digits.addAll(now);
        };
    }

    private List<Digit> take(int count) {
        List<Digit> taken = unused.subList(unused.size() - count, unused.size());
        List<Digit> copy = List.copyOf(taken);
        taken.clear();
        return copy;
    }

    /** Makes an image brighter. */
    public static byte[] brighter(byte[] pixels) {
        byte[] changed = new byte[pixels.length];
        for (int i = 0; i < changed.length; i++) {
            changed[i] = (byte) Math.min(255, (pixels[i] & 255) + 90);
        }
        return changed;
    }

    /** Takes the mean of each pixel and its neighbours. */
    public static byte[] blurred(byte[] pixels) {
        byte[] changed = new byte[pixels.length];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int sum = 0;
                int count = 0;
                for (int v = Math.max(0, y - 2); v <= Math.min(SIDE - 1, y + 2); v++) {
                    for (int u = Math.max(0, x - 2); u <= Math.min(SIDE - 1, x + 2); u++) {
                        sum += pixels[v * SIDE + u] & 255;
                        count++;
                    }
                }
                changed[y * SIDE + x] = (byte) (sum / count);
            }
        }
        return changed;
    }

    /** Writes the digits as IDX files {@code images} and {@code labels}, in place of those that are there. */
    public void write(FileSystem files, Path folder) throws IOException {
        AtomicFiles.replace(files, new Path(folder, "images"), out -> {
            DataOutputStream data = new DataOutputStream(out);
            data.writeInt(0x803);
            data.writeInt(digits.size());
            data.writeInt(SIDE);
            data.writeInt(SIDE);
            for (Digit digit : digits) {
                data.write(digit.pixels);
            }
            data.flush();
        });
        AtomicFiles.replace(files, new Path(folder, "labels"), out -> {
            DataOutputStream data = new DataOutputStream(out);
            data.writeInt(0x801);
            data.writeInt(digits.size());
            for (Digit digit : digits) {
                data.write(digit.label);
            }
            data.flush();
        });
    }
}
