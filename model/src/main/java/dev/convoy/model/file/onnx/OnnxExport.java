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
        byte[] golden = OnnxFile.goldenImage(shape.size());
        ProtobufMessage file = OnnxFile.of(model, answers(model, golden, outputs));
        byte[] bytes = file.toBytes();
        // A network that is quite sure of itself hides differences: it is asked about faint images, too.
        for (int faintness : new int[] {1, 4, 16, 64}) {
            byte[] image = new byte[golden.length];
            for (int i = 0; i < image.length; i++) {
                image[i] = (byte) (127 + ((golden[i] & 0xFF) - 127) / faintness);
            }
            compare(model, bytes, image, answers(model, image, outputs));
        }
        compare(model, bytes, golden, answers(model, golden, outputs));
        return file;
    }

    private static double[] answers(TrainedModel model, byte[] image, Function<ImageBatch, double[]> outputs) {
        ImageShape shape = model.network().input();
        double[] raw =
                outputs.apply(new ImageBatch(shape, new long[] {0}, planes(image, shape), List.of(Target.UNKNOWN)));
        return model.network().spec().loss().answers(raw, 0, raw.length);
    }

    private static void compare(TrainedModel model, byte[] file, byte[] image, double[] expected) {
        ImageShape shape = model.network().input();
        double[] found;
        try {
            found = OnnxReader.ask(file, image, shape.height(), shape.width(), shape.channels());
        } catch (ConvoyException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ConvoyException(
                    "Cannot write ONNX: OpenCV cannot read the file, to compare what it answers: "
                            + Printable.firstLine(e),
                    e);
        }
        for (int c = 0; c < expected.length; c++) {
            // Of a regression, outputs may be of any size.
            if (!(Math.abs(found[c] - expected[c]) <= TOLERANCE * Math.max(1, Math.abs(expected[c])))) {
                throw new ConvoyException("Cannot write ONNX: for the class "
                        + Printable.of(model.classNames().get(c)) + " the file gives " + found[c] + ", but the model "
                        + expected[c] + "; report this network as an issue");
            }
        }
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
