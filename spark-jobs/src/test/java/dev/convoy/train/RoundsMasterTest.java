package dev.convoy.train;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import org.apache.spark.api.java.JavaSparkContext;

class RoundsMasterTest extends TrainingMasterContract {
    @Override
    TrainingMaster master(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec) {
        return new RoundsMaster(spark, shards, replica, spec);
    }
}
