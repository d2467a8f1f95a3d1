package dev.convoy.train.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Spark's own scheduling of GPUs, with the discovery script that ships, on a machine that only pretends to have one. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class GpuSchedulingTest {
    @TempDir
    Path folder;

    @Test
    void theReplicaGoesToTheGpuThatSparkAssigns() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context(withGpus("6\n7"))) {
            assertThat(indexes(spark)).containsExactly(6, 6);
        }
    }

    @Test
    void anAddressThatIsNoIndexIsNamed() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context(withGpus("GPU-f00d"))) {
            assertThatThrownBy(() -> indexes(spark)).hasMessageContaining("Cannot use the GPU \"GPU-f00d\"");
        }
    }

    private static List<Integer> indexes(JavaSparkContext spark) {
        ReplicaSpec replica = Training.replica(Training.SMALL, new OptimizerSpec.Sgd());
        return spark.parallelize(List.of(0, 1), 2)
                .map(i -> replica.forTask(TaskContext.get()).placement().index())
                .collect();
    }

    private SparkConf withGpus(String indexes) throws IOException {
        script("nvidia-smi", "printf '" + indexes + "\\n'");
        Path discover = Path.of(System.getProperty("convoy.root"), "conf", "discover-gpus")
                .toRealPath();
        Path script = script("discover", "PATH=" + folder + ":$PATH exec " + discover);
        return new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.worker.resource.gpu.amount", "1")
                .set("spark.worker.resource.gpu.discoveryScript", script.toString())
                .set("spark.executor.resource.gpu.amount", "1")
                .set("spark.task.resource.gpu.amount", "1");
    }

    private Path script(String name, String line) throws IOException {
        Path script = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + line + "\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }
}
