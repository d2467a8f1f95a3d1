package dev.convoy.jobs;

import dev.convoy.train.allreduce.SegmentProgressPlugin;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** What Spark should be told for Convoy's jobs; what a user has set stays. */
public final class SparkSettings {
    /**
     * glibc keeps the large blocks that every step needs, on huge pages, instead of mapping and unmapping them; in one arena, since only the
     * first has huge pages.
     */
    public static final String MALLOC =
            "glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296";

    /**
     * G1 handles arrays of the size of weights badly. A JVM with two collectors would not start, and the environment of an executor may
     * name another one.
     */
    private static final String COLLECTOR =
            "-XX:-UseG1GC -XX:-UseSerialGC -XX:-UseShenandoahGC -XX:-UseZGC -XX:+UseParallelGC";

    private SparkSettings() {}

    /** Adds them. */
    public static void addTo(SparkConf conf) {
        // Of Kryo's buffers, where a session uses it: chunks of images are large.
        conf.setIfMissing("spark.kryoserializer.buffer.max", "2047m");
        // With Deeplearning4j's master a round brings every worker's weights to the driver, with the news that a
        // task is done.
        conf.setIfMissing("spark.driver.maxResultSize", "0");
        conf.setIfMissing("spark.task.maxDirectResultSize", "64m");
        // Weights hardly compress.
        conf.setIfMissing("spark.broadcast.compress", "false");
        // To load Spark's classes would cost six full collections.
        if (!conf.get("spark.executor.defaultJavaOptions", "").matches("(?s).*-XX:\\+Use\\w*GC.*")) {
            conf.setIfMissing("spark.executor.extraJavaOptions", COLLECTOR + " -XX:MetaspaceSize=256m");
        }
        // Progress of all-reduce between evaluations.
        String plugins = conf.get("spark.plugins", "");
        String plugin = SegmentProgressPlugin.class.getName();
        conf.set("spark.plugins", plugins.isEmpty() ? plugin : plugins + "," + plugin);
        // A worker that never arrives at a barrier should not be waited for through a year, which is the default.
        conf.setIfMissing("spark.barrier.sync.timeout", "120s");
        // One replica, one thread: BLAS pools would fight the replicas for cores.
        conf.setIfMissing("spark.executorEnv.OMP_NUM_THREADS", "1");
        conf.setIfMissing("spark.executorEnv.OPENBLAS_NUM_THREADS", "1");
        // Eight times the default, as a network has some plans for each layer and size of batch: one that was forgotten
        // would
        // be made anew, by several replicas at once perhaps (NewShapes).
        conf.setIfMissing("spark.executorEnv.ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8192");
        // NCCL then fails when another executor is lost; otherwise libtorch would end the process.
        conf.setIfMissing("spark.executorEnv.TORCH_NCCL_BLOCKING_WAIT", "1");
        // Bad images are listed in rejects.csv.
        conf.setIfMissing("spark.executorEnv.OPENCV_LOG_LEVEL", "SILENT");
        // Names of files have the characters of the locale, of which a daemon's has too few.
        conf.setIfMissing("spark.executorEnv.LC_ALL", "C.UTF-8");
        // A second look at what images claim to be.
        conf.setIfMissing("spark.executorEnv.OPENCV_IO_MAX_IMAGE_PIXELS", "134217728");
        addPrivacy(conf);
        if (isLocal(conf.get("spark.master", ""))) {
            addLocal(conf);
        }
        // glibc reads this before a process starts, so that it cannot be set from inside.
        conf.setIfMissing("spark.executorEnv.GLIBC_TUNABLES", MALLOC);
    }

    /** Runs and prepared images are for their user alone, unless told otherwise. */
    private static void addPrivacy(SparkConf conf) {
        conf.setIfMissing("spark.hadoop.fs.permissions.umask-mode", "077");
    }

    /** Hadoop's configuration as a job has it: with what Spark's says of it, and with Convoy's own. Needs no Spark context. */
    public static Configuration hadoop() {
        SparkConf conf = new SparkConf();
        addPrivacy(conf);
        return SparkHadoopUtil.get().newConfiguration(conf);
    }

    /** Executors that are processes of this machine: they see this process's files, and nobody else is to see them. */
    public static void addLocalCluster(SparkConf conf) {
        conf.setIfMissing("spark.executor.extraClassPath", System.getProperty("java.class.path"));
        conf.setIfMissing("spark.driver.host", "127.0.0.1");
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        conf.setIfMissing("spark.ui.enabled", "false");
    }

    /** Whether tasks run in the driver's process. */
    public static boolean isLocal(String master) {
        return master.matches("local(\\[.*)?");
    }

    /** Local mode serves nobody but who started it. */
    private static void addLocal(SparkConf conf) {
        // Anybody on this machine could end jobs through it, and any page in a browser.
        conf.setIfMissing("spark.ui.enabled", "false");
        if (System.getenv("SPARK_LOCAL_DIRS") == null && !conf.contains("spark.local.dir")) {
            conf.set("spark.local.dir", ScratchFolder.get().toString());
        }
    }
}
