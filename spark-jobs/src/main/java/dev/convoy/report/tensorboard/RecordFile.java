package dev.convoy.report.tensorboard;

import dev.convoy.storage.ProtobufMessage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.apache.hadoop.fs.FSDataOutputStream;

/**
 * A file of records as TensorFlow frames them: eight bytes of length, their checksum, the bytes, and their checksum (tensorflow,
 * {@code lib/io/record_writer.h}). Numbers are little-endian.
 */
final class RecordFile implements Closeable {
    private final FSDataOutputStream out;

    RecordFile(FSDataOutputStream out) {
        this.out = out;
    }

    void write(ProtobufMessage message) throws IOException {
        byte[] bytes = message.toBytes();
        byte[] length = littleEndian(8).putLong(bytes.length).array();
        out.write(length);
        out.write(checksum(length));
        out.write(bytes);
        out.write(checksum(bytes));
    }

    private static byte[] checksum(byte[] bytes) {
        return littleEndian(4).putInt(maskedCrc(bytes)).array();
    }

    /** CRC-32C, turned and moved so that checksums of what holds checksums stay good ones. */
    static int maskedCrc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    void flush() throws IOException {
        out.hflush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
