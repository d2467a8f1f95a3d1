package dev.convoy.benchmarks.contest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.deploy.master.Master;
import org.apache.spark.deploy.worker.Worker;

/** A cluster of Spark's own kind on hosts that this machine plays: one for master and driver, and one of one core for each worker. */
public final class PlayedCluster implements AutoCloseable {
    private static final String MASTER = "spark://" + Namespaces.address(0) + ":7077";

    private final Path folder = Files.createTempDirectory("convoy-played-");
    private final List<Process> daemons = new ArrayList<>();
    private final Namespaces hosts;
    private final int workers;

    public PlayedCluster(int workers, Lines lines) throws IOException, InterruptedException {
        this.workers = workers;
        this.hosts = new Namespaces(workers + 1, lines);
        try {
            start(0, Master.class, "--host", Namespaces.address(0), "--port", "7077");
            for (int host = 1; host <= workers; host++) {
                start(
                        host,
                        Worker.class,
                        "--host",
                        Namespaces.address(host),
                        "--cores",
                        "1",
                        "--memory",
                        "2g",
                        "--work-dir",
                        folder.toString(),
                        MASTER);
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private void start(int host, Class<?> daemon, String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(hosts.on(host, Runner.javaCommand(daemon, List.of(arguments))))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("daemon-" + host + ".log").toFile());
        builder.environment().putAll(environment(host));
        daemons.add(builder.start());
    }

    private static Map<String, String> environment(int host) {
        Map<String, String> environment = new HashMap<>(Machine.threads(1));
        environment.putAll(LocalSpark.environment(Namespaces.address(host), Namespaces.address(host)));
        return environment;
    }

    /** Starts a class whose first argument is the workload and whose second one is the master, as a driver. */
    public Runner driver(Class<?> main, Workload workload, String data) throws IOException {
        return Runner.start(
                hosts.on(0, Runner.javaCommand(main, List.of(workload.name(), MASTER, data))), environment(0));
    }

    /** The workers' hosts, as ip calls them. */
    List<String> names() {
        return IntStream.rangeClosed(1, workers).mapToObj(hosts::name).toList();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        for (Process daemon : daemons) {
            daemon.destroy();
        }
        for (Process daemon : daemons) {
            if (!daemon.waitFor(30, TimeUnit.SECONDS)) {
                daemon.destroyForcibly();
            }
        }
        hosts.close();
        FileUtils.deleteQuietly(folder.toFile());
    }
}
