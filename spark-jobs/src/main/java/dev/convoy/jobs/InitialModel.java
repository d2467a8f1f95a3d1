package dev.convoy.jobs;

import dev.convoy.config.NetworkConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.dl4j.Dl4jZip;
import dev.convoy.model.file.StartingWeights;
import dev.convoy.model.file.StartingWeights.Head;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What training starts from: freshly drawn weights, a file of weights, or a whole model of Convoy's or Deeplearning4j's.
 *
 * @param weights empty to draw them
 * @param normalization of the inputs that the weights were trained with, if that is known
 * @param classNames of the outputs that the weights were trained for; empty if they are not known
 */
record InitialModel(
        NetworkConfig config,
        Optional<StartingWeights> weights,
        Optional<Normalization> normalization,
        List<String> classNames) {
    private static final Logger LOG = LoggerFactory.getLogger(InitialModel.class);

    /** Freshly drawn weights, or those of a state that is read elsewhere. */
    static InitialModel drawn(NetworkConfig config) {
        return new InitialModel(config, Optional.empty(), Optional.empty(), List.of());
    }

    /**
     * @param registry the folder where references to a registry are looked up
     * @param input the shape of the images
     */
    static InitialModel of(Configuration hadoop, NetworkConfig config, String registry, ImageShape input)
            throws IOException {
        String from = config.initFrom();
        if (from == null) {
            return drawn(config);
        }
        Path path = path(hadoop, from, registry);
        FileSystem files = path.getFileSystem(hadoop);
        if (files.exists(path) && files.getFileStatus(path).isDirectory()) {
            TrainedModel model = TrainedModel.load(files, RunDirectory.modelOf(files, path.toString()));
            return new InitialModel(
                    config,
                    Optional.of(StartingWeights.of(from, model.network(), model.parameters(), model.buffers())),
                    Optional.of(model.normalization()),
                    model.classNames());
        } else if (files.exists(path) && ConvertJob.isZip(hadoop, path.toString())) {
            Dl4jZip.Contents zip = ConvertJob.readZip(files, path, input);
            return new InitialModel(
                    config,
                    Optional.of(StartingWeights.of(from, zip.network(), zip.parameters(), zip.buffers())),
                    Optional.empty(),
                    List.of());
        }
        return new InitialModel(
                config, Optional.of(StartingWeights.read(files, path, config.renaming())), Optional.empty(), List.of());
    }

    private static Path path(Configuration hadoop, String from, String registry) throws IOException {
        if (!RegistryReference.isReference(from)) {
            return new Path(from);
        }
        ModelVersion version = ModelRegistry.of(hadoop, registry).resolve(RegistryReference.parse(from));
        LOG.info("Training starts from {}, which is version {}", from, version.number());
        return version.model();
    }

    /**
     * Fails if the head is kept but its outputs would come to mean other classes.
     *
     * @throws ConvoyException naming both
     */
    void checkClasses(List<String> wanted) {
        if (config.head() == Head.KEEP && !classNames.isEmpty() && !classNames.equals(wanted)) {
            throw new ConvoyException("Cannot go on from " + config.initFrom() + ": its classes are " + classNames
                    + ", but those of data.train are " + wanted
                    + ", so that outputs would change their meaning; give data"
                    + " of the same classes in the same order, or set network.head = replace");
        }
    }

    NetworkSpec network(int classes) {
        return config.spec(classes, weights.flatMap(StartingWeights::network));
    }

    /** The weights before the first step. */
    ModelState state(Network network, long seed) {
        ModelState fresh = network.initialState(seed);
        return weights.map(from -> from.putInto(network, config.known(), config.head(), fresh))
                .orElse(fresh);
    }
}
