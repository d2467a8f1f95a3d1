package dev.convoy.train.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTest {
    private static final float[] PARAMETERS = {1, -2, 3.5f, Float.MIN_VALUE, 5, 6, 7};
    private static final float[] BUFFERS = {8, 9, 10};

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 100})
    void vectorsComeBackHoweverManyArraysTheyAreIn(int most) {
        byte[][] message = Message.write("head", List.of(PARAMETERS, BUFFERS), most);
        assertThat(Message.head(message, String.class)).isEqualTo("head");
        assertThat(Message.vectors(message)).isEqualTo(2);
        assertThat(Message.vector(message, 0)).isEqualTo(PARAMETERS);
        assertThat(Message.vector(message, 1)).isEqualTo(BUFFERS);
        byte[][] without = Message.write(0, List.of(new float[3], new float[0], BUFFERS, new float[0]), most);
        assertThat(Message.vectors(without)).isEqualTo(4);
        assertThat(Message.vector(without, 0)).hasSize(3);
        assertThat(Message.vector(without, 1)).isEmpty();
        assertThat(Message.vector(without, 2)).isEqualTo(BUFFERS);
        assertThat(Message.vector(without, 3)).isEmpty();
    }
}
