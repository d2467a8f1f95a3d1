package dev.convoy.model.file.onnx;

import dev.convoy.data.natives.Natives;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_dnn;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_dnn.Net;

/** Asks an ONNX file by OpenCV's engine, which knows nothing of Convoy. */
final class OnnxReader {
    private OnnxReader() {}

    /**
     * Asks for one image.
     *
     * @param file its bytes
     * @param image {@code [rows, columns, channels]}
     * @return one for each class
     * @throws RuntimeException OpenCV's, if it cannot read the file
     */
    static double[] ask(byte[] file, byte[] image, int rows, int columns, int channels) {
        Natives.OPENCV.load();
        try (PointerScope scope = new PointerScope()) {
            Net net = opencv_dnn.readNetFromONNX(new BytePointer(file), file.length);
            float[] numbers = new float[image.length];
            for (int i = 0; i < image.length; i++) {
                numbers[i] = image[i] & 0xFF;
            }
            FloatPointer data = new FloatPointer(numbers);
            Mat input = new Mat(4, new IntPointer(1, rows, columns, channels), opencv_core.CV_32F, data);
            net.setInput(input);
            Mat output = net.forward();
            FloatBuffer values = output.createBuffer();
            double[] probabilities = new double[(int) output.total()];
            for (int i = 0; i < probabilities.length; i++) {
                probabilities[i] = values.get(i);
            }
            return probabilities;
        }
    }
}
