package dev.convoy.config;

import dev.convoy.testing.Fuzzer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutants of a configuration, from its text to the record of a training. */
@Tag("chaos")
class FuzzedConfigurationTest {
    private static final String VALID =
            """
            name = fuzzed
            seed = 5
            data {
              train { format = idx, images = "/digits/images", labels = "/digits/labels" }
              test { format = list, path = "/digits/test.csv", split = test, label-column = digit }
              augment = [{ type = random-crop, padding = 4 }, { type = mix-up, alpha = 0.2 }]
              normalization { mean = [0.1307], std = [0.3081] }
              class-weights { "3" = 2.5 }
              resize = [28, 28]
            }
            network {
              layers = [
                { type = conv2d, filters = 4, kernel = [5, 5], padding = same }
                { type = residual, body = [{ type = batch-norm, momentum = 0.2 }] }
                { type = max-pool, kernel = 2 }, { type = flatten }, { type = dropout, rate = 0.5 }
                { type = dense, units = 10 }
              ]
              label-smoothing = 0.1
            }
            optimizer { type = adamw, learning-rate = 1e-3, schedule { type = step, every-epochs = 2, factor = 0.5 } }
            sync { outer { type = nesterov, momentum = 0.9, rate = 0.7 }, max-norm = 50, local-steps = 4 }
            train { epochs = 7, workers = 2 }
            train.epochs = ${seed}
            """;

    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path folder;

    @Test
    void isReadOrRefused() throws Exception {
        byte[] valid = VALID.getBytes(StandardCharsets.UTF_8);
        Path mutant = folder.resolve("job.conf");
        // Defaults are read with every configuration.
        Fuzzer.of(valid).withMemory(4 << 20, 64).check(file -> {
            Files.write(mutant, file);
            ConfigReader.toTrainingConfig(ConfigReader.read(mutant.toString(), Map.of(), HADOOP));
        });
    }
}
