package dev.convoy.report.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.nd4j.shade.protobuf.CodedInputStream;
import org.tensorflow.framework.Summary;

/**
 * Reads TensorBoard's files with other code than that which writes them: protobuf's own reader, and TensorFlow's classes of summaries. As
 * TensorBoard does, it leaves out points at and beyond the step at which a later session begins.
 */
public final class TensorBoardReader {
    /** A point of a tag. */
    public record Point(long step, double time, Summary.Value value) {}

    private TensorBoardReader() {}

    /** Points by tag, of all files in a folder. */
    public static Map<String, List<Point>> read(Path folder) throws IOException {
        Map<String, List<Point>> points = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                assertThat(file.getFileName().toString()).contains("tfevents");
                readFile(file, points);
            }
        }
        return points;
    }

    private static void readFile(Path file, Map<String, List<Point>> points) throws IOException {
        boolean first = true;
        try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
            while (in.available() > 0) {
                byte[] length = in.readNBytes(8);
                check(length, in.readNBytes(4));
                byte[] record = in.readNBytes((int)
                        ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong());
                check(record, in.readNBytes(4));
                readEvent(record, points, first);
                first = false;
            }
        }
    }

    private static void check(byte[] bytes, byte[] masked) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        long expected = ((crc.getValue() >>> 15 | crc.getValue() << 17) + 0xa282ead8L) & 0xffffffffL;
        assertThat(Integer.toUnsignedLong(
                        ByteBuffer.wrap(masked).order(ByteOrder.LITTLE_ENDIAN).getInt()))
                .isEqualTo(expected);
    }

    private static void readEvent(byte[] record, Map<String, List<Point>> points, boolean first) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(record);
        double time = 0;
        long step = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag >>> 3) {
                case 1 -> time = in.readDouble();
                case 2 -> step = in.readInt64();
                case 3 -> {
                    assertThat(in.readString()).isEqualTo("brain.Event:2");
                    assertThat(first).isTrue();
                }
                case 5 -> {
                    for (Summary.Value value :
                            Summary.parseFrom(in.readByteArray()).getValueList()) {
                        points.computeIfAbsent(value.getTag(), name -> new ArrayList<>())
                                .add(new Point(step, time, value));
                    }
                }
                case 7 -> {
                    assertThat(in.readByteArray()).containsExactly(8, 1);
                    long start = step;
                    points.values().forEach(all -> all.removeIf(point -> point.step >= start));
                }
                default -> throw new AssertionError("field " + (tag >>> 3));
            }
        }
    }
}
