package dev.convoy.jobs;

import dev.convoy.config.JobConfig.NetworkConfig;
import dev.convoy.data.Normalization;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.OptimizerSpec;
import dev.convoy.model.StartingWeights;
import dev.convoy.model.TrainedModel;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** What training starts from: freshly drawn weights, a file of weights, or a whole model. */
final class Start {
    private final Configuration hadoop;
    private final NetworkConfig config;
    private final Optional<TrainedModel> model;

    private Start(Configuration hadoop, NetworkConfig config, Optional<TrainedModel> model) {
        this.hadoop = hadoop;
        this.config = config;
        this.model = model;
    }

    static Start of(Configuration hadoop, NetworkConfig config) throws IOException {
        if (config.initFrom() == null) {
            return new Start(hadoop, config, Optional.empty());
        }
        Path path = new Path(config.initFrom());
        FileSystem files = path.getFileSystem(hadoop);
        boolean whole = files.exists(path) && files.getFileStatus(path).isDirectory();
        return new Start(
                hadoop,
                config,
                whole
                        ? Optional.of(TrainedModel.load(files, RunDirectory.modelFolder(files, path)))
                        : Optional.empty());
    }

    NetworkSpec network(int classes) {
        return config.spec(classes, model.map(trained -> trained.network().spec()));
    }

    /** What the model's inputs were normalised with, if there is a whole model. */
    Optional<Normalization> normalization() {
        return model.map(TrainedModel::normalization);
    }

    /** The state before the first step. */
    ModelState state(Network network, long seed, OptimizerSpec optimizer) throws IOException {
        ModelState fresh = network.initialState(seed, optimizer);
        if (config.initFrom() == null) {
            return fresh;
        }
        Path path = new Path(config.initFrom());
        FileSystem files = path.getFileSystem(hadoop);
        Path weights = model.isPresent() ? TrainedModel.weights(RunDirectory.modelFolder(files, path)) : path;
        return StartingWeights.read(files, weights, network, config.known(), config.head(), fresh);
    }
}
