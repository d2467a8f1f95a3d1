package dev.convoy.benchmarks.contest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Hosts that a machine plays: network namespaces, each with a line of limited rate, both ways. They are at one switch of the kernel's, or,
 * if there is to be latency, which not every kernel can add, at TUN devices between which a process passes packets on. Takes root, Linux'
 * ip and tc, and for latency python3.
 */
public final class Namespaces implements AutoCloseable {
    private static final String NET = "10.199.0.";
    private static final Path LINES = Path.of("benchmarks/src/main/python/lines.py");
    /** Of a packet that a process passes on: as large as can be, since each costs it the same. */
    private static final int MTU = 65_000;

    private final String prefix = "cv" + ProcessHandle.current().pid() % 100_000;
    private final List<String> names = new ArrayList<>();
    private Optional<Process> lines = Optional.empty();
    private boolean switched;

    public Namespaces(int hosts, Lines lines) throws IOException, InterruptedException {
        try {
            if (lines.latency() > 0) {
                passOn(hosts, lines);
            } else {
                run("ip link add " + prefix + " type bridge");
                switched = true;
                run("ip link set " + prefix + " up");
            }
            for (int host = 0; host < hosts; host++) {
                String name = prefix + "-" + host;
                run("ip netns add " + name);
                names.add(name);
                if (lines.latency() > 0) {
                    run("ip link set " + prefix + host + " netns " + name);
                    run("ip -n " + name + " link set " + prefix + host + " name eth0 mtu " + MTU);
                } else {
                    plugIn(name, lines.gbit());
                }
                run("ip -n " + name + " addr add " + address(host) + "/24 dev eth0");
                run("ip -n " + name + " link set eth0 up");
                run("ip -n " + name + " link set lo up");
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Starts the process that makes a device for each host, and passes on what is sent to others. */
    private void passOn(int hosts, Lines lines) throws IOException {
        List<String> command = List.of(
                "python3",
                LINES.toString(),
                prefix,
                String.valueOf(hosts),
                String.valueOf(lines.gbit()),
                String.valueOf(lines.latency()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        this.lines = Optional.of(process);
        if (process.getInputStream().read() < 0) {
            throw new IOException("Cannot make lines with latency, which takes root, python3 and /dev/net/tun: "
                    + String.join(" ", command));
        }
    }

    /** Connects a host with the switch. */
    private void plugIn(String name, double gbit) throws IOException, InterruptedException {
        run("ip link add " + name + " type veth peer name eth0 netns " + name);
        run("ip link set " + name + " master " + prefix + " up");
        if (gbit > 0) {
            String limit = String.format(Locale.ROOT, " root tbf rate %.0fmbit burst 1m latency 50ms", 1000 * gbit);
            run("tc qdisc add dev " + name + limit);
            run("ip netns exec " + name + " tc qdisc add dev eth0" + limit);
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
        if (lines.isPresent()) {
            // Its devices go with it, and must not go before.
            lines.get().destroy();
            lines.get().waitFor();
        }
        for (String name : names) {
            run("ip netns del " + name);
        }
        names.clear();
        if (switched) {
            run("ip link del " + prefix);
        }
    }
}
