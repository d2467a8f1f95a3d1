package dev.convoy.data.augment;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;

import dev.convoy.data.ImageShape;
import dev.convoy.data.natives.Natives;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.MatVector;

/** Lends images to OpenCV, whose vectorised loops take pixel after pixel, with all channels of each side by side. */
final class Planes {
    static {
        Natives.OPENCV.load();
        // Whoever augments has a thread of his own already.
        opencv_core.setNumThreads(1);
    }

    private Planes() {}

    /**
     * Gives an image what OpenCV makes of it.
     *
     * @param pixels CHW; not changed
     * @param change of an image of bytes, in the order of the channels, into another one of the same size and kind
     * @return CHW
     */
    static byte[] changed(byte[] pixels, ImageShape shape, UnaryOperator<Mat> change) {
        try (PointerScope scope = new PointerScope()) {
            Mat planes = new Mat(shape.channels() * shape.height(), shape.width(), CV_8UC1, new BytePointer(pixels));
            MatVector apart = apart(planes, shape);
            Mat together = new Mat();
            opencv_core.merge(apart, together);
            opencv_core.split(change.apply(together), apart);
            byte[] changed = new byte[pixels.length];
            planes.data().get(changed);
            return changed;
        }
    }

    private static MatVector apart(Mat planes, ImageShape shape) {
        int height = shape.height();
        return new MatVector(IntStream.range(0, shape.channels())
                .mapToObj(channel -> planes.rowRange(channel * height, (channel + 1) * height))
                .toArray(Mat[]::new));
    }
}
