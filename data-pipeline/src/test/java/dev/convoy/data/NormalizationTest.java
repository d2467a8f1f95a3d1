package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class NormalizationTest {
    private static final ImageShape SHAPE = new ImageShape(2, 1, 2);
    private static final List<Target> TARGETS = List.of(new Target.ClassIndex(0), new Target.ClassIndex(2));
    private static final byte[] PIXELS = {0, (byte) 255, 51, 102, (byte) 204, 0, 51, 102};

    @Test
    void isTorchvisionsFormula() {
        Normalization normalization = new Normalization(new float[] {0.5f, 0.2f}, new float[] {0.5f, 0.1f});
        float[] values = normalization.apply(new ImageBatch(SHAPE, new long[] {0, 1}, PIXELS, TARGETS));
        assertThat(values).containsExactly(new float[] {-1, 1, 0, 2, 0.6f, -1, 0, 2}, within(1e-6f));
    }

    @Test
    void measuredMakesMeanZeroAndDeviationOne() {
        ImageBatch batch = new ImageBatch(SHAPE, new long[] {0, 1}, PIXELS, TARGETS);
        PixelStatistics once = PixelStatistics.of(batch);
        Normalization measured = once.plus(once).normalization();
        float[] values = measured.apply(batch);
        assertThat(values[0] + values[1] + values[4] + values[5]).isCloseTo(0, within(1e-5f));
        double squares = values[2] * values[2] + values[3] * values[3] + values[6] * values[6] + values[7] * values[7];
        assertThat(squares / 4).isCloseTo(1, within(1e-5));
    }

    @Test
    void wrongValuesAreRefused() {
        assertThatThrownBy(() -> new Normalization(new float[] {0}, new float[] {0}))
                .hasMessageContaining("greater than 0");
        assertThatThrownBy(() -> new Normalization(new float[] {0}, new float[] {1}).checkChannels(3))
                .hasMessageContaining("3 channels");
    }

    @Test
    void denseTargetsHaveASingleOneForAClass() {
        ImageBatch batch = new ImageBatch(SHAPE, new long[] {0, 1}, PIXELS, TARGETS);
        assertThat(batch.denseTargets(3)).containsExactly(1, 0, 0, 0, 0, 1);
        assertThatThrownBy(() -> batch.denseTargets(2)).hasMessageContaining("class index is 2");
    }
}
