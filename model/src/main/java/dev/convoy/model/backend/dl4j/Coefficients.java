package dev.convoy.model.backend.dl4j;

import dev.convoy.data.ConvoyException;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;

/**
 * A vector in the binary form of {@code Nd4j.write}: two buffers, the shape's and the values', each being the name of its
 * allocation, its length, the name of its type and its elements, all big-endian.
 */
final class Coefficients {
    private Coefficients() {}

    /**
     * Reads the values of type FLOAT or DOUBLE.
     *
     * @param expected how many there must be
     * @throws ConvoyException if the bytes are malformed, cut short, or hold another number of values
     */
    static float[] read(byte[] bytes, int expected, String file) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        try {
            in.readUTF();
            long shape = in.readLong();
            String shapeType = in.readUTF();
            if (!shapeType.equals("LONG") || shape < 0 || shape > bytes.length / Long.BYTES) {
                throw malformed(file, "its shape has " + shape + " elements of type " + shapeType);
            }
            in.skipNBytes(shape * Long.BYTES);
            in.readUTF();
            long length = in.readLong();
            String type = in.readUTF();
            if (length != expected) {
                throw malformed(
                        file,
                        "it holds " + length + " values where its configuration has " + expected
                                + "; perhaps the images' shape is another");
            }
            if (!type.equals("FLOAT") && !type.equals("DOUBLE")) {
                throw malformed(file, "its values are of type " + type + "; wanted are FLOAT or DOUBLE");
            }
            int bytesEach = type.equals("FLOAT") ? Float.BYTES : Double.BYTES;
            if (in.available() < (long) expected * bytesEach) {
                throw malformed(file, "it is cut short");
            }
            float[] values = new float[expected];
            for (int i = 0; i < expected; i++) {
                values[i] = type.equals("FLOAT") ? in.readFloat() : (float) in.readDouble();
            }
            return values;
        } catch (EOFException | UTFDataFormatException e) {
            throw malformed(file, "it is cut short or garbled");
        }
    }

    private static ConvoyException malformed(String file, String what) {
        return new ConvoyException("Cannot read coefficients.bin in " + file + ": " + what);
    }
}
