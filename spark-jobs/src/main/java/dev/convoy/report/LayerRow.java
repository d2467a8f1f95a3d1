package dev.convoy.report;

import dev.convoy.model.Network;
import java.util.List;

/**
 * A layer in a table.
 *
 * @param output shape of one example's, as {@code 20x24x24} (channels, rows, columns) or {@code 500}
 * @param parameters its own, without those of layers within it
 * @param multiplyAdds on the way forwards, for one example
 * @param frozen whether training holds it as it is
 */
public record LayerRow(String name, String output, long parameters, long multiplyAdds, boolean frozen) {
    /** All layers of a network, those within blocks after their block. */
    public static List<LayerRow> of(Network network) {
        return network.allLayers().stream()
                .map(layer -> new LayerRow(
                        layer.name(),
                        layer.output().toString(),
                        layer.tensors().stream()
                                .filter(entry -> !entry.isBuffer())
                                .mapToLong(entry -> entry.size())
                                .sum(),
                        layer.multiplyAdds(),
                        layer.isFrozen()))
                .toList();
    }
}
