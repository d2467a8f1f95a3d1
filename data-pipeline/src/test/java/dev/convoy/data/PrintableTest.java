package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class PrintableTest {
    @Example
    void whatWouldEndALineOrMoveACursorIsWrittenOut() {
        assertThat(Printable.of("a\nERROR\u001B[31m\u202Egnp.exe")).isEqualTo("a\\u000AERROR\\u001B[31m\\u202Egnp.exe");
        assertThat(Printable.of("gr\u00FCn 日本 🐈")).isEqualTo("gr\u00FCn 日本 🐈");
        assertThat(new ConvoyException("x\ny").getMessage()).isEqualTo("x\\u000Ay");
    }

    @Example
    void noCellBeginsAsAFormula() {
        assertThat(Printable.cell("=cmd|'calc'!A0")).isEqualTo("'=cmd|'calc'!A0");
        assertThat(Printable.cell("a=b")).isEqualTo("a=b");
    }

    @Example
    void whatSaysNothingIsCalledByItsName() {
        assertThat(Printable.firstLine(new ClosedByInterruptException())).isEqualTo("ClosedByInterruptException");
        assertThat(Printable.firstLine(new IOException("a\nb"))).isEqualTo("a");
    }

    @Property
    void nothingThatIsShownHasControlCharacters(@ForAll String text) {
        assertThat(Printable.of(text).chars().anyMatch(Character::isISOControl)).isFalse();
    }
}
