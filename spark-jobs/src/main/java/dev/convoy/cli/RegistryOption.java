package dev.convoy.cli;

import dev.convoy.jobs.SparkSettings;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import picocli.CommandLine.Option;

/** Where the registry is. */
final class RegistryOption {
    @Option(
            names = "--registry",
            paramLabel = "DIR",
            description = "Folder of the registry, on any Hadoop file system. Default: ${DEFAULT-VALUE}.")
    private String directory = "registry";

    /** The registry, to read it. */
    ModelRegistry registry() throws IOException {
        return ModelRegistry.of(SparkSettings.hadoop(), directory);
    }

    /** The version of a reference. */
    ModelVersion resolve(String reference) throws IOException {
        return registry().resolve(RegistryReference.parse(reference));
    }
}
