package dev.convoy.doctor;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * What is known of a process, the driver's or an executor's.
 *
 * @param name executor and host
 * @param host name of its machine
 * @param versions of what it runs, by name
 * @param processor model of the machine's
 * @param flags of the processor, as far as engines look at them
 * @param encoding in which names of files are read
 * @param heapBytes the most that its heap may take
 * @param limitBytes the most that the process may take, of its container or machine; {@link Long#MAX_VALUE} if not known
 * @param sharedBytes free in {@code /dev/shm}; negative if there is none
 * @param scratchBytes free where Spark puts its files
 * @param variables of the environment that engines read
 * @param computeThreads that one replica was seen to compute with; 0 if that is not known
 * @param nativesError why the backend cannot compute; empty if it can
 * @param gpus compute capabilities of the GPUs that it sees, for example {@code 9.0}
 */
public record ProcessFacts(
        String name,
        String host,
        Map<String, String> versions,
        String processor,
        List<String> flags,
        String encoding,
        long heapBytes,
        long limitBytes,
        long sharedBytes,
        long scratchBytes,
        Map<String, String> variables,
        int computeThreads,
        String nativesError,
        List<String> gpus)
        implements Serializable {
    public ProcessFacts {
        versions = Map.copyOf(versions);
        flags = List.copyOf(flags);
        variables = Map.copyOf(variables);
        gpus = List.copyOf(gpus);
    }

    /** Whether it is the driver's, in which tasks run only in local mode. */
    boolean isDriver() {
        return name.startsWith("driver");
    }
}
