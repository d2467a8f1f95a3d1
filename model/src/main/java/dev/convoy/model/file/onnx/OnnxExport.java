package dev.convoy.model.file.onnx;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Printable;
import dev.convoy.data.Target;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.storage.ProtobufMessage;
import java.util.List;
import java.util.function.Function;

/** Makes ONNX files that are checked before anybody gets them. */
public final class OnnxExport {
    /** By how much two engines' probabilities may differ. */
    private static final double TOLERANCE = 1e-4;

    private OnnxExport() {}

    /**
     * Writes a model, and asks OpenCV's engine whether it answers as the model does.
     *
     * @param outputs of the model for a batch, raw, as an engine of Convoy's gives them
     * @throws ConvoyException if the two differ by more than 1e-4, or OpenCV cannot read the file
     */
    public static ProtobufMessage of(TrainedModel model, Function<ImageBatch, double[]> outputs) {
        ImageShape shape = model.network().input();
        byte[] image = OnnxFile.goldenImage(shape.size());
        ImageBatch batch = new ImageBatch(shape, new long[] {0}, planes(image, shape), List.of(Target.UNKNOWN));
        double[] raw = outputs.apply(batch);
        double[] expected = model.network().spec().loss().answers(raw, 0, raw.length);
        ProtobufMessage file = OnnxFile.of(model, expected);
        double[] found;
        try {
            found = OnnxReader.ask(file.toBytes(), image, shape.height(), shape.width(), shape.channels());
        } catch (ConvoyException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ConvoyException(
                    "Cannot write ONNX: OpenCV cannot read the file, to compare what it answers: "
                            + Printable.firstLine(e),
                    e);
        }
        for (int c = 0; c < expected.length; c++) {
            if (!(Math.abs(found[c] - expected[c]) <= TOLERANCE)) {
                throw new ConvoyException("Cannot write ONNX: for the class "
                        + Printable.of(model.classNames().get(c)) + " the file gives " + found[c] + ", but the model "
                        + expected[c] + "; report this network as an issue");
            }
        }
        return file;
    }

    /** Pixels side by side to channels one after the other. */
    private static byte[] planes(byte[] image, ImageShape shape) {
        byte[] planes = new byte[image.length];
        int plane = shape.height() * shape.width();
        for (int i = 0; i < plane; i++) {
            for (int channel = 0; channel < shape.channels(); channel++) {
                planes[channel * plane + i] = image[i * shape.channels() + channel];
            }
        }
        return planes;
    }
}
