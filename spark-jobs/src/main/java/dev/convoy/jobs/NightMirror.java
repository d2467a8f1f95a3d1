package dev.convoy.jobs;

import dev.convoy.config.RetrainConfig;
import dev.convoy.mlflow.MlflowCredentials;
import dev.convoy.mlflow.MlflowMirror;
import dev.convoy.mlflow.MlflowTarget;
import dev.convoy.mlflow.Publication;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.VersionInfo;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells MLflow, where there is one, which version is the champion. A night neither waits for it for long, nor fails by it. */
final class NightMirror {
    private static final Logger LOG = LoggerFactory.getLogger(NightMirror.class);
    private static final Duration CONNECT = Duration.ofSeconds(5);

    private final Optional<MlflowTarget> target;

    /**
     * @throws dev.convoy.data.ConvoyException if the server's address is none
     */
    NightMirror(RetrainConfig.Mlflow config, String model) {
        target = target(config, model);
    }

    /**
     * The server of a configuration; empty if it names none.
     *
     * @param model name of the model, or of the experiment
     */
    static Optional<MlflowTarget> target(RetrainConfig.Mlflow config, String model) {
        Duration total = Duration.ofSeconds(config.timeout());
        Duration connect = total.compareTo(CONNECT) < 0 ? total : CONNECT;
        return config.server().map(uri -> new MlflowTarget(URI.create(uri), model, MlflowCredentials.fromEnvironment())
                .withTimes(total, connect));
    }

    /** Tells of the champion, after all that could not be told before. */
    void tell(RegisteredModel model) {
        if (target.isEmpty()) {
            return;
        }
        MlflowMirror mirror = new MlflowMirror(target.get(), model.files(), new Path(model.folder(), "mlflow"));
        try {
            Optional<ModelVersion> champion = model.champion();
            if (champion.isPresent()) {
                mirror.publish(publication(model, champion.get()));
            } else {
                mirror.catchUp();
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("MLflow is not told of {}, but will be the next time", model.name(), e);
        }
    }

    private static Publication publication(RegisteredModel model, ModelVersion version) throws IOException {
        VersionInfo info = version.info();
        Map<String, Integer> aliases = new TreeMap<>();
        for (String alias : model.aliases()) {
            OptionalInt number = model.alias(alias).read().version();
            number.ifPresent(found -> aliases.put(alias, found));
        }
        return new Publication(
                version.number(),
                version.model().toString(),
                info.metrics(),
                info.configuration(),
                Map.of("convoy.run-key", info.runKey(), "convoy.reason", info.reason()),
                aliases);
    }
}
