package dev.convoy.mlflow;

import dev.convoy.data.InvalidValueException;
import java.util.Map;

/**
 * What is noted of a version that MLflow has.
 *
 * @param version in Convoy's registry
 * @param mlflowVersion in MLflow's
 * @param runId of its run there
 * @param tags that were sent
 */
record MirroredVersion(int version, String mlflowVersion, String runId, Map<String, String> tags) {
    MirroredVersion {
        if (version < 1 || mlflowVersion.isEmpty()) {
            throw new InvalidValueException("version", version, "it must be a version that MLflow has numbered");
        }
        tags = Map.copyOf(tags);
    }
}
