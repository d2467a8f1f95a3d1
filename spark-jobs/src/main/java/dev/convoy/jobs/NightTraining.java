package dev.convoy.jobs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.config.RetrainConfig;
import dev.convoy.train.StopSignal;
import dev.convoy.train.TrainingListener;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a challenger, once for each run key: a training that has ended is taken as it is, and one that has died is gone on with. It sees nothing of
 * the hold-out, not even to choose its best epoch, or the hold-out would flatter it.
 */
final class NightTraining {
    private static final Logger LOG = LoggerFactory.getLogger(NightTraining.class);

    private final JavaSparkContext spark;
    private final Config config;
    private final List<TrainingListener> listeners;
    private final StopSignal signal;

    NightTraining(JavaSparkContext spark, Config config, List<TrainingListener> listeners, StopSignal signal) {
        this.spark = spark;
        this.config = config;
        this.listeners = listeners;
        this.signal = signal;
    }

    /**
     * Trains.
     *
     * @param runKey of the night
     * @param images of the night
     * @param champion whose weights training begins with, if the configuration says so
     * @return the run directory of a training that is complete
     */
    Path train(String runKey, NightImages images, Optional<Champion> champion) throws IOException {
        JobConfig job = ConfigReader.toJobConfig(config);
        Path parent = new Path(job.run().directory(), job.name() + "-nights/" + runKey);
        FileSystem files = RunDirectory.files(spark.hadoopConfiguration(), parent.toString());
        Optional<Path> finished = Resume.newest(files, parent.toString(), job.name());
        if (finished.isPresent() && isComplete(files, finished.get())) {
            return finished.get();
        }
        Config changed = challenger(job, parent, images, champion);
        TrainJob.Night night = new TrainJob.Night(Map.of(ExaminedSet.TRAIN, images.train()), signal);
        TrainJob training = new TrainJob(spark, changed, listeners).withNight(night);
        return new Path(train(job, training).uri());
    }

    /** Goes on with a training that has died, or, if that cannot be, begins anew. */
    private static FinishedRun train(JobConfig job, TrainJob training) throws IOException {
        if (job.sync().transport() == JobConfig.Sync.Transport.DL4J_SPARK) {
            return training.run();
        }
        try {
            return training.withResume(new Resume(Resume.Mode.AUTO, Optional.empty(), false))
                    .run();
        } catch (ChangedRunException e) {
            LOG.warn("A training of this night begins anew: {}", e.getMessage());
            return training.run();
        }
    }

    private static boolean isComplete(FileSystem files, Path run) throws IOException {
        return RunDirectory.status(files, run).equals(Result.Status.COMPLETED.name());
    }

    private Config challenger(JobConfig job, Path parent, NightImages images, Optional<Champion> champion) {
        Config changed =
                withoutHoldOut(config).withValue("run.directory", ConfigValueFactory.fromAnyRef(parent.toString()));
        boolean begins = job.retrain().start() == RetrainConfig.Start.FRESH || champion.isEmpty();
        return begins ? changed : from(changed, champion.get(), images);
    }

    /** A training's configuration, of a night's. */
    static Config withoutHoldOut(Config config) {
        return config.withoutPath("data.test").withoutPath("data.split");
    }

    private static Config from(Config config, Champion champion, NightImages images) {
        Config named = config.hasPath("network") && config.getValue("network").valueType() == ConfigValueType.STRING
                ? config.withValue("network", ConfigValueFactory.fromMap(Map.of("name", config.getString("network"))))
                : config;
        boolean sameClasses =
                champion.version().info().classNames().equals(images.train().classNames());
        return named.withoutPath("network.init-prefix")
                .withoutPath("network.init-names")
                .withValue(
                        "network.init-from",
                        ConfigValueFactory.fromAnyRef(champion.version().model().toString()))
                .withValue("network.head", ConfigValueFactory.fromAnyRef(sameClasses ? "keep" : "replace"));
    }
}
