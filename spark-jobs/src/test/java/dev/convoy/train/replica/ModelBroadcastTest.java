package dev.convoy.train.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.model.ModelState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelBroadcastTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 100})
    void aModelComesBackHoweverManyPiecesItIsIn(int most) {
        ModelState model = new ModelState(new float[] {1, -2, 3.5f, Float.MIN_VALUE, 5, 6, 7}, new float[] {8, 9, 10});
        ModelState read = ModelBroadcast.read(ModelBroadcast.write(model, most));
        assertThat(read.parameters()).isEqualTo(model.parameters());
        assertThat(read.buffers()).isEqualTo(model.buffers());
        ModelState without =
                ModelBroadcast.read(ModelBroadcast.write(new ModelState(new float[3], new float[0]), most));
        assertThat(without.parameters()).hasSize(3);
        assertThat(without.buffers()).isEmpty();
    }
}
