package dev.convoy.report;

import java.util.List;

/**
 * The content of {@code environment.json}: what a run was made with. Parts that are not known are null.
 *
 * @param convoy version
 * @param torch version of libtorch's presets on the class path
 * @param dl4j version of ND4J on the class path
 * @param java version of the driver
 * @param system kind and version of the driver's operating system
 * @param processor model of the driver's, on which bits depend
 * @param processors that the driver may use
 * @param heapBytes the most that the driver's heap may take
 * @param host of the driver
 * @param master Spark's address of the cluster
 * @param application Spark's id of it
 * @param executors hosts of the executors, when training began
 * @param inexact why the same run again may not come to the same bits; nothing if it does
 */
public record Environment(
        String convoy,
        String torch,
        String dl4j,
        String spark,
        String hadoop,
        String java,
        String system,
        String processor,
        int processors,
        long heapBytes,
        String host,
        String master,
        String application,
        List<String> executors,
        List<String> inexact) {
    /** The file in a run directory. */
    public static final String FILE = "environment.json";

    public Environment {
        executors = List.copyOf(executors);
        inexact = List.copyOf(inexact);
    }
}
