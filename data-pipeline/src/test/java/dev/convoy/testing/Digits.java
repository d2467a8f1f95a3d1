package dev.convoy.testing;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imwrite;

import dev.convoy.data.SourceImage;
import dev.convoy.data.source.IdxSource;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSplit;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;

/** Real digits for tests: the first 1,000 training and 250 test images of MNIST. */
public final class Digits {
    public static final int TRAIN = 1000;
    public static final int TEST = 250;

    private Digits() {}

    /** Writes the training digits into a folder as gzip files, and names them. */
    public static IdxSource trainGzip(Path folder) {
        return unpack(folder, "train", ".gz");
    }

    /** Writes the training digits into a folder as plain files, and names them. */
    public static IdxSource train(Path folder) {
        return unpack(folder, "train", "");
    }

    /** Writes the test digits into a folder as plain files, and names them. */
    public static IdxSource test(Path folder) {
        return unpack(folder, "t10k", "");
    }

    /** Writes the test digits as a folder tree of PNG files, one folder for each digit. */
    public static Path testFolder(Path folder) throws IOException {
        ImageListing listing = test(folder).list(new Configuration(), List.of());
        for (ImageSplit split : listing.splits()) {
            for (Iterator<SourceImage> images = split.read(new Configuration(), id -> true); images.hasNext(); ) {
                SourceImage image = images.next();
                Path file = folder.resolve("tree/" + image.label() + "/" + String.format("%05d.png", image.id()));
                Files.createDirectories(file.getParent());
                writeGrey(file, 28, 28, ((SourceImage.Data.Pixels) image.data()).bytes());
            }
        }
        return folder.resolve("tree");
    }

    /** Writes a grey image; the file's ending decides the format. */
    public static void writeGrey(Path file, int height, int width, byte[] pixels) {
        try (BytePointer data = new BytePointer(pixels);
                Mat image = new Mat(height, width, CV_8UC1, data)) {
            if (!imwrite(file.toString(), image)) {
                throw new IllegalStateException("Cannot write " + file);
            }
        }
    }

    private static IdxSource unpack(Path folder, String set, String ending) {
        return new IdxSource(
                unpackFile(folder, set + "-images-idx3-ubyte", ending),
                unpackFile(folder, set + "-labels-idx1-ubyte", ending));
    }

    private static String unpackFile(Path folder, String name, String ending) {
        Path file = folder.resolve(name + ending);
        try (InputStream packed = Digits.class.getResourceAsStream("/mnist/" + name + ".gz");
                InputStream in = ending.isEmpty() ? new GZIPInputStream(packed) : packed) {
            Files.write(file, in.readAllBytes());
            return file.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
