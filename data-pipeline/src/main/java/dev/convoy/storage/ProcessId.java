package dev.convoy.storage;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.apache.commons.lang3.StringUtils;

/**
 * A process, as another one may meet it in a file and ask whether it lives.
 *
 * @param host its name
 * @param pid on that host
 * @param started when the system has started it, in UTC; {@code -} if that is not known
 * @param mark what no other process has, whatever happens to the host's clock, and whoever else is called as the host is: the boot of the
 *     system, the room of process numbers (each container has its own), and the start in ticks since the boot; {@code -} if that is not known
 */
public record ProcessId(String host, long pid, String started, String mark) {
    /** What is not known. */
    public static final String UNKNOWN = "-";

    private static final String LOCALHOST = "localhost";

    /** The first room of process numbers, which Linux makes when it starts, and gives this number. */
    private static final String OUTSIDE = "/pid:[4026531836]";

    /** Among what stands in {@code /proc/PID/stat} behind the name: the state, and the start. */
    private static final int STATE = 0;

    private static final int START = 19;

    /** This process. */
    public static ProcessId current() {
        ProcessHandle process = ProcessHandle.current();
        return new ProcessId(thisHost(), process.pid(), started(process), mark(process.pid()));
    }

    private static String started(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toString).orElse(UNKNOWN);
    }

    private static String thisHost() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return LOCALHOST;
        }
    }

    /** The mark of a process of this system; of one that has ended, though its parent may not have heard of it, {@link #UNKNOWN}. */
    private static String mark(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = StringUtils.substringAfterLast(stat, ") ").split(" ");
            if (fields[STATE].equals("Z") || fields[STATE].equals("X")) {
                return UNKNOWN;
            }
            return place() + "/" + fields[START];
        } catch (IOException e) {
            return UNKNOWN;
        }
    }

    private static String place() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip() + "/"
                + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
    }

    /**
     * Whether it ran before this host was started anew, outside of any container. Hosts must have names of their own: of others that are
     * called as this one is it says the same.
     */
    public boolean ranBeforeReboot() {
        try {
            String here = place();
            return !host.equals(LOCALHOST)
                    && host.equals(thisHost())
                    && mark.contains(OUTSIDE)
                    && here.endsWith(OUTSIDE)
                    && !mark.startsWith(StringUtils.substringBefore(here, "/"));
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether it runs, or has run, where this process could see it. */
    @JsonIgnore
    public boolean isHere() {
        if (!host.equals(thisHost())) {
            return false;
        }
        if (mark.equals(UNKNOWN)) {
            return true;
        }
        try {
            return StringUtils.substringBeforeLast(mark, "/").equals(place());
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether it is known that the process is no more; of other hosts nothing is. A number may be given to another one. */
    public boolean hasEnded() {
        if (!isHere()) {
            return false;
        }
        return mark.equals(UNKNOWN)
                ? ProcessHandle.of(pid)
                        .map(process -> !started(process).equals(started))
                        .orElse(true)
                : !mark(pid).equals(mark);
    }
}
