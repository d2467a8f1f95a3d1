package dev.convoy.jobs;

import org.apache.hadoop.util.ShutdownHookManager;

/**
 * Notices that the process is told to end while a job runs: by SIGTERM or SIGINT, which a scheduler, a container or a terminal sends. Java does not
 * tell which. Comes before Spark's own hook, which makes everything that still runs fail.
 */
final class Shutdown implements AutoCloseable {
    /** What a job that was ended has to say. */
    static final String MESSAGE = "The job was ended from outside (SIGTERM or SIGINT) before it was done";

    private static final int BEFORE_SPARK = 1000;

    private final Thread hook;
    private volatile boolean begun;

    private Shutdown(Runnable record) {
        hook = new Thread(
                () -> {
                    begun = true;
                    record.run();
                },
                "convoy-shutdown");
    }

    /**
     * Watches until it is closed.
     *
     * @param record called once if the process is told to end
     */
    static Shutdown watch(Runnable record) {
        Shutdown shutdown = new Shutdown(record);
        ShutdownHookManager.get().addShutdownHook(shutdown.hook, BEFORE_SPARK);
        return shutdown;
    }

    boolean hasBegun() {
        return begun;
    }

    @Override
    public void close() {
        if (!ShutdownHookManager.get().isShutdownInProgress()) {
            ShutdownHookManager.get().removeShutdownHook(hook);
        }
    }
}
