package dev.convoy.model.backend.torch;

import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Size2d;
import java.util.Set;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Convolutions of single pixels, computed as a dense layer over each, where oneDNN 3.7, which libtorch 2.10 brings, divides by zero and so
 * ends the process: its planner has a special case for some pairs of channels, all of them in ResNet-50, and rounds to whole numbers there
 * ({@code maskrcnn_cond} in {@code brg_blocking_t::est_eff_1x1}, forwards and backwards). Seen on AMD's family 26.
 */
final class PixelDense {
    /** Numbers of channels, in either order: going backwards is planned as going forwards the other way. */
    private static final Set<Set<Long>> SPECIAL =
            Set.of(Set.of(256L, 1024L), Set.of(512L, 1024L), Set.of(512L, 2048L), Set.of(1024L, 2048L));

    private PixelDense() {}

    /** Whether a convolution without padding is to be computed so. */
    static boolean replaces(LayerSpec.Conv2d conv, Tensor input) {
        return conv.kernel().equals(Size2d.square(1))
                && conv.groups() == 1
                && input.is_cpu()
                && input.size(1) != conv.filters()
                && SPECIAL.contains(Set.of(input.size(1), (long) conv.filters()));
    }

    /**
     * Computes it.
     *
     * @param input images, channels, height, width
     * @param filters filters, channels, 1, 1
     */
    static Tensor convolve(Tensor input, Tensor filters, TensorOptional bias, Size2d stride) {
        Tensor pixels =
                every(stride.width(), 3, every(stride.height(), 2, input)).permute(0, 2, 3, 1);
        return torch.linear(pixels, filters.flatten(1, -1), bias).permute(0, 3, 1, 2);
    }

    private static Tensor every(int step, int dimension, Tensor x) {
        return step == 1 ? x : x.slice(dimension, new LongOptional(), new LongOptional(), step);
    }
}
