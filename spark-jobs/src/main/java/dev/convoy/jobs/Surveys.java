package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.Redaction;
import dev.convoy.doctor.ThisProcess;
import dev.convoy.model.backend.Placement;
import dev.convoy.report.Environment;
import dev.convoy.report.Event;
import dev.convoy.storage.ProcessId;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.hadoop.util.VersionInfo;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;

/** Asks the driver's process, and those of executors, what they are. */
final class Surveys {
    private Surveys() {}

    /**
     * What a training runs in.
     *
     * @param job as it was configured
     * @param chosen with what was chosen where that says {@code auto}
     */
    static Environment environment(JavaSparkContext spark, JobConfig job, JobConfig chosen) {
        Runtime runtime = Runtime.getRuntime();
        List<String> executors = Arrays.stream(spark.sc().statusTracker().getExecutorInfos())
                .map(info -> info.host())
                .sorted()
                .toList();
        return new Environment(
                ThisProcess.codeVersion(),
                artifactVersion("org.bytedeco/pytorch"),
                artifactVersion("org.nd4j/nd4j-api"),
                spark.version(),
                VersionInfo.getVersion(),
                System.getProperty("java.runtime.version"),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                ThisProcess.processor().orElse(null),
                runtime.availableProcessors(),
                runtime.maxMemory(),
                ProcessId.current().host(),
                Redaction.of(spark.master()),
                spark.sc().applicationId(),
                executors,
                inexact(spark, job, chosen));
    }

    /** What keeps a run from coming to the same bits once more, on the same kind of processor with the same number of workers. */
    private static List<String> inexact(JavaSparkContext spark, JobConfig job, JobConfig chosen) {
        List<String> reasons = new ArrayList<>();
        if (job.sync().hasChoice()) {
            reasons.add("sync = auto is chosen by timings");
        }
        if (chosen.sync().transport() == JobConfig.Sync.Transport.ALL_REDUCE) {
            reasons.add("sync.transport = all-reduce sums by executor: the same bits need workers grouped alike");
        }
        if (job.sync().transport() == JobConfig.Sync.Transport.DL4J_SPARK) {
            reasons.add("sync.transport = dl4j-spark has an order of its own");
        }
        boolean averages = chosen.sync().exchange() == JobConfig.Sync.Rule.PARAMETER_AVERAGING;
        if (averages && job.sync().localSteps().equals("auto")) {
            reasons.add("sync.local-steps = auto is chosen by timings");
        }
        if (job.sync().quorum() < 1) {
            reasons.add("sync.quorum lets rounds go on without slow workers");
        }
        Placement.Device device = job.backend().device();
        if (device == Placement.Device.CUDA || device == Placement.Device.AUTO && seesGpu(spark)) {
            reasons.add("a GPU adds numbers up in no fixed order");
        }
        return reasons;
    }

    /** What Maven has written into the artifact's jar; null if that is not there. */
    private static String artifactVersion(String artifact) {
        Properties properties = new Properties();
        try (InputStream in = Surveys.class.getResourceAsStream("/META-INF/maven/" + artifact + "/pom.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            return null;
        }
        return properties.getProperty("version");
    }

    private static boolean seesGpu(JavaSparkContext spark) {
        return spark.parallelize(List.of(0), 1)
                .map(task -> ThisProcess.seesGpu())
                .first();
    }

    /**
     * What memory processes have taken at most, as far as the system tells.
     *
     * @param tasks so many that every executor has one
     */
    static List<Event.Memory.Process> memory(JavaSparkContext spark, int tasks) {
        Map<String, Used> byName = new TreeMap<>(Map.of(Used.here().name, Used.here()));
        spark.parallelize(Collections.nCopies(tasks, 0), tasks).map(new Ask()).collect().stream()
                .map(bytes -> ObjectBytes.read(bytes, Used.class))
                .forEach(used -> byName.put(used.name, used));
        return byName.values().stream()
                .filter(used -> used.peakBytes > 0)
                .map(used -> new Event.Memory.Process(used.name, used.peakBytes, used.heapBytes))
                .toList();
    }

    private record Used(String name, long peakBytes, long heapBytes) implements Serializable {
        static Used here() {
            return new Used(
                    SparkEnv.get().executorId() + " on " + ProcessId.current().host(),
                    ThisProcess.peakBytes(),
                    Runtime.getRuntime().maxMemory());
        }
    }

    private record Ask() implements Function<Integer, byte[]> {
        @Override
        public byte[] call(Integer task) {
            return ObjectBytes.write(Used.here());
        }
    }
}
