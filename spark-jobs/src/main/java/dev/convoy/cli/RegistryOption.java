package dev.convoy.cli;

import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import picocli.CommandLine.Option;

/** Where the registry is. */
final class RegistryOption {
    @Option(
            names = "--registry",
            paramLabel = "DIR",
            description = "Folder of the registry, on any Hadoop file system. Default: ${DEFAULT-VALUE}.")
    private String directory = "registry";

    /** Hadoop's configuration, with what Spark's says of it; needs no Spark session. */
    static Configuration hadoop() {
        return SparkHadoopUtil.get().newConfiguration(new SparkConf());
    }

    /** The registry, to read it. */
    ModelRegistry registry() throws IOException {
        return ModelRegistry.of(hadoop(), directory);
    }

    /** The version of a reference. */
    ModelVersion resolve(String reference) throws IOException {
        return registry().resolve(RegistryReference.parse(reference));
    }
}
