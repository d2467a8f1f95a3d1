package dev.convoy.benchmarks.contest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Hosts that a machine plays: network namespaces at one switch, each with a line of limited rate, both ways. Takes root and Linux' ip and tc. */
public final class Namespaces implements AutoCloseable {
    private static final String NET = "10.199.0.";

    private final String prefix = "cv" + ProcessHandle.current().pid() % 100_000;
    private final List<String> names = new ArrayList<>();

    /**
     * @param gbit of each host's line; 0 for no limit
     */
    public Namespaces(int hosts, double gbit) throws IOException, InterruptedException {
        try {
            run("ip link add " + prefix + " type bridge");
            run("ip link set " + prefix + " up");
            for (int host = 0; host < hosts; host++) {
                String name = prefix + "-" + host;
                run("ip netns add " + name);
                names.add(name);
                run("ip link add " + name + " type veth peer name eth0 netns " + name);
                run("ip link set " + name + " master " + prefix + " up");
                run("ip -n " + name + " addr add " + address(host) + "/24 dev eth0");
                run("ip -n " + name + " link set eth0 up");
                run("ip -n " + name + " link set lo up");
                if (gbit > 0) {
                    String limit =
                            String.format(Locale.ROOT, " root tbf rate %.0fmbit burst 1m latency 50ms", 1000 * gbit);
                    run("tc qdisc add dev " + name + limit);
                    run("ip netns exec " + name + " tc qdisc add dev eth0" + limit);
                }
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Its IP address. */
    public static String address(int host) {
        return NET + (host + 1);
    }

    /** A command as it runs on a host. */
    public List<String> on(int host, List<String> command) {
        return Stream.concat(Stream.of("ip", "netns", "exec", names.get(host)), command.stream())
                .toList();
    }

    /** What ip calls a host. */
    String name(int host) {
        return names.get(host);
    }

    private static void run(String command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(command.split(" ")).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IOException(
                    "Cannot make hosts of network namespaces, which takes root, ip and tc: " + command + ": " + said);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        for (String name : names) {
            run("ip netns del " + name);
        }
        names.clear();
        run("ip link del " + prefix);
    }
}
