package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.dl4j.Dl4jMaster;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Makes the masters that a configuration names.
 *
 * @param train images, which stay the caller's to close
 */
record Masters(JavaSparkContext spark, ImageShards train, ReplicaSpec replica) {
    /**
     * A master for {@code sync.transport}; the caller closes it.
     *
     * @param sync with nothing left to be chosen
     */
    TrainingMaster of(JobConfig.Sync sync, TrainingSpec training) {
        return switch (sync.transport()) {
            case ROUNDS -> new RoundsMaster(spark, train, replica, training);
            case ALL_REDUCE -> new AllReduceMaster(spark, train, replica, training, sync.allReduce());
            case DL4J_SPARK -> new Dl4jMaster(
                    spark, train, replica, training, sync.averaging(), Dl4jMaster.Tuning.TUNED);
            case AUTO -> throw new IllegalArgumentException("The transport is not chosen yet");
        };
    }
}
