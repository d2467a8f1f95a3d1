package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ProtobufMessageTest {
    private static String hex(ProtobufMessage message) {
        assertThat(message.toBytes()).hasSize((int) message.length());
        return HexFormat.of().formatHex(message.toBytes());
    }

    /** The examples of protobuf.dev, "Encoding". */
    @Test
    void fieldsAreEncodedAsTheFormatsOwnExamplesAre() {
        assertThat(hex(new ProtobufMessage().integer(1, 150))).isEqualTo("089601");
        assertThat(hex(new ProtobufMessage().text(2, "testing"))).isEqualTo("120774657374696e67");
        assertThat(hex(new ProtobufMessage().message(3, new ProtobufMessage().integer(1, 150))))
                .isEqualTo("1a03089601");
        assertThat(hex(new ProtobufMessage().integers(6, 3, 270, 86942))).isEqualTo("3206038e029ea705");
        assertThat(hex(new ProtobufMessage().integer(1, -2))).isEqualTo("08feffffffffffffffff01");
    }

    @Test
    void numbersAreLittleEndian() {
        assertThat(hex(new ProtobufMessage().single(2, 1.5f))).isEqualTo("150000c03f");
        assertThat(hex(new ProtobufMessage().real(1, -2))).isEqualTo("0900000000000000c0");
        assertThat(hex(new ProtobufMessage().reals(6, 1, 2))).isEqualTo("3210000000000000f03f0000000000000040");
    }
}
