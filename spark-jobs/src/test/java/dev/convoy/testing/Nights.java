package dev.convoy.testing;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.jobs.Result;
import dev.convoy.jobs.RetrainJob;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.RegisteredModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;

/** Nights of a model of digits below one folder of any file system. */
public final class Nights {
    private final Path root;
    private final FileSystem files;
    private final GrowingDigits digits;
    private final Map<String, String> settings = new HashMap<>();

    /**
     * @param digits what there is each night
     */
    public Nights(FileSystem files, Path root, GrowingDigits digits) throws IOException {
        this.files = files;
        this.root = root;
        this.digits = digits;
        try (var out = files.create(configuration())) {
            out.write(
                    """
                    name = digits
                    data {
                      train { format = idx, images = "%1$s/images", labels = "%1$s/labels" }
                      split { test = 0.3 }
                      batch-size = 16
                    }
                    network = mlp
                    optimizer { type = adam, learning-rate = 0.002 }
                    train { epochs = 3, workers = 2 }
                    run.directory = "%1$s/runs"
                    registry.directory = "%1$s/registry"
                    retrain { start = fresh, gate { floor = 0.3, class-margin = 0.2 } }
                    """
                            .formatted(root)
                            .getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The configuration's file. */
    public Path configuration() {
        return new Path(root, "job.conf");
    }

    /** Where images, runs and the registry are. */
    public Path root() {
        return root;
    }

    /** Changes a setting for the nights to come. */
    public void set(String key, String value) {
        settings.put(key, value);
    }

    /** What has been changed. */
    public Map<String, String> settings() {
        return Map.copyOf(settings);
    }

    /** Puts tonight's images where the job finds them. */
    public void arrive() throws IOException {
        digits.write(files, root);
    }

    /** A night with the images that there are now. */
    public Result night(JavaSparkContext spark) throws IOException {
        arrive();
        return job(spark, RetrainJob.Options.NONE, step -> {});
    }

    /** A job on the images that the last night had. */
    public Result job(JavaSparkContext spark, RetrainJob.Options options, Consumer<RetrainJob.Step> observer) {
        try {
            Config config = ConfigReader.read(configuration().toString(), settings, files.getConf());
            return new RetrainJob(spark, config, List.of(), options, observer)
                    .run()
                    .result();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The model's part of the registry. */
    public RegisteredModel registered() throws IOException {
        return registry().model("digits");
    }

    /** The registry, for writing. */
    public ModelRegistry registry() throws IOException {
        return ModelRegistry.of(new Configuration(files.getConf()), new Path(root, "registry").toString())
                .requireWritable();
    }

    /** The version in use. */
    public OptionalInt champion() throws IOException {
        return registered().alias(RegisteredModel.CHAMPION).read().version();
    }

    /** A night's decision in words. */
    public static String sentence(Result night) {
        return night.retrain().path("sentence").asText();
    }
}
