package dev.convoy.registry;

import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Small models and what is added with them. */
public final class RegistryModels {
    private static final Network NETWORK =
            new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(2))).bind(new ImageShape(1, 2, 2));

    private RegistryModels() {}

    /** Saves a model of classes cat and dog, its weights drawn with a seed. */
    public static Path save(FileSystem files, Path folder, long seed) throws IOException {
        ModelState state = NETWORK.initialState(seed);
        new TrainedModel(
                        NETWORK,
                        List.of("cat", "dog"),
                        new Normalization(new float[] {0.1f}, new float[] {0.3f}),
                        Preparation.ANY,
                        state.parameters(),
                        state.buffers())
                .save(files, folder);
        return folder;
    }

    /** Everything given, with one file beside the model. */
    public static VersionDraft draft(Path model, String runKey) {
        return new VersionDraft(runKey, model)
                .withCodeVersion("0.1")
                .withConfiguration(Map.of("optimizer.type", "momentum", "train.epochs", "3"), 7)
                .withData("60,000 images", "abc")
                .withMetrics(Map.of("test-accuracy", 0.97))
                .withRun("/runs/convoy-1")
                .withReason("night of " + runKey)
                .withFile("manifest.json", new byte[] {'{', '}'});
    }
}
