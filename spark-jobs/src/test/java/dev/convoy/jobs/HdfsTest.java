package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.source.IdxSource;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Configuration, images and run directory on a real HDFS. */
@ExtendWith(SparkExtension.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class HdfsTest {
    @TempDir
    Path folder;

    @Test
    void trainsAndEvaluatesOnHdfs(JavaSparkContext spark) throws IOException {
        Configuration hadoop = new Configuration();
        hadoop.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("dfs").toString());
        try (MiniDFSCluster cluster = new MiniDFSCluster.Builder(hadoop).build()) {
            cluster.waitClusterUp();
            FileSystem files = cluster.getFileSystem();
            String root = files.getUri().toString();
            IdxSource train = Digits.train(folder);
            files.copyFromLocalFile(at(train.images()), at("/train/images"));
            files.copyFromLocalFile(at(train.labels()), at("/train/labels"));
            for (int digit = 0; digit < 10; digit++) {
                // A single image of each class: writing many small files takes a HDFS long.
                try (Stream<Path> images = Files.list(Digits.testFolder(folder).resolve(Integer.toString(digit)))) {
                    Path image = images.min(Path::compareTo).orElseThrow();
                    files.copyFromLocalFile(at(image.toString()), at("/test/" + digit + "/1.png"));
                }
            }
            try (OutputStream out = files.create(at("/job.conf"))) {
                out.write(
                        """
                        data {
                          train { format = idx, images = "%1$s/train/images", labels = "%1$s/train/labels" }
                          test { format = folder, path = "%1$s/test" }
                        }
                        network = mlp
                        train { epochs = 1, workers = 2 }
                        run.directory = "%1$s/runs"
                        prepare.directory = "%1$s/prepared"
                        """
                                .formatted(root)
                                .getBytes(StandardCharsets.UTF_8));
            }
            Config config = ConfigReader.read(root + "/job.conf", Map.of(), hadoop);
            FinishedRun run = new TrainJob(spark, config, List.of()).run();
            assertThat(run.directory()).startsWith(root + "/runs/convoy-");
            assertThat(run.result().data().test().examples()).isEqualTo(10);
            Result.Test again = EvaluateJob.of(spark, run.directory(), Optional.empty(), Map.of())
                    .run()
                    .result()
                    .test();
            assertThat(again.accuracy()).isEqualTo(run.result().test().accuracy());

            assertThat(new PrepareJob(spark, config).run().sets().get("test").images())
                    .isEqualTo(10);
            Config prepared = ConfigReader.read(
                    root + "/job.conf",
                    Map.of(
                            "data.train", "{ format = prepared, path = \"" + root + "/prepared\" }",
                            "data.test", "{ format = prepared, path = \"" + root + "/prepared\", split = test }"),
                    hadoop);
            assertThat(new TrainJob(spark, prepared, List.of())
                            .run()
                            .result()
                            .test()
                            .loss())
                    .isEqualTo(run.result().test().loss());
        }
    }

    private static org.apache.hadoop.fs.Path at(String path) {
        return new org.apache.hadoop.fs.Path(path);
    }
}
