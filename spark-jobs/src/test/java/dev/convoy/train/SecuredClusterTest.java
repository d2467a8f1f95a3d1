package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.internal.config.package$;
import org.apache.spark.rpc.RpcAddress;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcEnv;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

/** A cluster whose processes authenticate each other and encrypt what they send and what they keep on disk. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SecuredClusterTest {
    private static final TrainingSpec SPEC =
            new TrainingSpec(3, 1, 16, new OptimizerSpec.Momentum(), Training.RATE, SyncSpec.averaging(2));

    @TempDir
    Path folder;

    private static SparkConf secured(String secret) {
        return new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.authenticate", "true")
                .set("spark.authenticate.secret", secret)
                .set("spark.network.crypto.enabled", "true")
                .set("spark.io.encryption.enabled", "true");
    }

    @Test
    void roundsTrainThereAndStrangersAreRefused() throws IOException {
        Training plain;
        try (JavaSparkContext spark = LocalCluster.context("local[2]")) {
            plain = train(spark);
        }
        SparkConf own = secured("known to executors");
        try (JavaSparkContext spark = LocalCluster.context(own)) {
            Training secured = train(spark);
            assertThat(secured.end.parameters()).isEqualTo(plain.end.parameters());
            int port = spark.getConf().getInt("spark.driver.port", 0);
            // Nothing but the secret makes the difference.
            assertThat(driver(own, port).name()).isEqualTo("CoarseGrainedScheduler");
            assertThatThrownBy(() -> driver(secured("guessed by a stranger"), port))
                    .isInstanceOf(SparkException.class);
            assertThatThrownBy(() -> driver(own.clone().set("spark.authenticate", "false"), port))
                    .isInstanceOf(SparkException.class);
        }
    }

    private Training train(JavaSparkContext spark) throws IOException {
        try (ImageShards shards = Training.shards(spark, folder, 200, 2)) {
            return Training.run(spark, shards, Training.SMALL, SPEC);
        }
    }

    /** Speaks to the driver, as an executor does that wants to join. */
    private static RpcEndpointRef driver(SparkConf conf, int port) {
        SecurityManager security = new SecurityManager(conf, Option.empty(), package$.MODULE$.AUTH_SECRET_FILE());
        RpcEnv stranger = RpcEnv.create("stranger", "127.0.0.1", 0, conf, security, true);
        try {
            return stranger.setupEndpointRef(new RpcAddress("127.0.0.1", port), "CoarseGrainedScheduler");
        } finally {
            stranger.shutdown();
        }
    }
}
