package dev.convoy.train;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.replica.ReplicaSpec;
import org.apache.spark.api.java.JavaSparkContext;

class AllReduceMasterTest extends TrainingMasterContract {
    @Override
    TrainingMaster master(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec) {
        return new AllReduceMaster(spark, shards, replica, spec, AllReduceSpec.defaults());
    }
}
