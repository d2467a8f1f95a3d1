package dev.convoy.report.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RecordFileTest {
    /** A test value of TensorBoard's own reader. */
    @Test
    void checksumsAreMasked() {
        byte[] bytes = "\u001a\u0011CRC test, one two".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(RecordFile.maskedCrc(bytes)).isEqualTo(0x5794d08a);
    }
}
