package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import javax.imageio.ImageIO;
import org.apache.spark.api.java.JavaSparkContext;

/** Shows training images as the network will see them: resized, augmented, with their labels. */
public final class PreviewJob {
    private final JavaSparkContext spark;
    private final JobConfig job;

    /**
     * @param config of {@link ConfigReader#read}
     * @throws ConvoyException if the configuration is not sound
     */
    public PreviewJob(JavaSparkContext spark, Config config) {
        this.spark = spark;
        this.job = ConfigReader.toJobConfig(config).requireTrainingData();
    }

    /**
     * Writes a PNG of randomly chosen images.
     *
     * @param count how many at most, from 1
     * @param epoch whose random changes are shown, from 1
     */
    public void write(Path output, int count, int epoch) throws IOException {
        if (count < 1 || epoch < 1) {
            throw new ConvoyException(
                    "Cannot show " + count + " images of epoch " + epoch + "; both must be at least 1");
        }
        ImageSets sets = new ImageSets(spark, job);
        try (ImageShards shards = sets.sample(sets.describeTrain(), count)) {
            WorkerShard shard = shards.opener().open(shards.chunks().collect().iterator());
            long[] ids = shard.batches(count).get(0);
            ImageBatch seen = job.data().augment().gather(shard, ids, job.seed(), epoch - 1, OptionalLong.empty());
            save(ContactSheet.of(seen, shards.classNames()), output.toAbsolutePath());
        }
    }

    private static void save(BufferedImage sheet, Path output) {
        try {
            Files.createDirectories(output.getParent());
            ImageIO.write(sheet, "png", output.toFile());
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot write " + output + " (" + e + "); set --output to a file that you may write", e);
        }
    }
}
