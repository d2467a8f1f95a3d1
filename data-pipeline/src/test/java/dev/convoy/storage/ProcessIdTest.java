package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.apache.commons.lang3.StringUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ProcessIdTest {
    private static ProcessId with(String host, long pid, String started, String mark) {
        return new ProcessId(host, pid, started, mark);
    }

    @Test
    void thisProcessLives() throws IOException {
        ProcessId own = ProcessId.current();
        assertThat(own.host()).isEqualTo(InetAddress.getLocalHost().getHostName());
        assertThat(Instant.parse(own.started())).isBefore(Instant.now());
        assertThat(own.mark())
                .startsWith(Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))
                        .strip())
                .contains("/pid:[");
        assertThat(own.isHere()).isTrue();
        assertThat(own.hasEnded()).isFalse();
        assertThat(new ProcessId(own.host(), own.pid(), own.started(), ProcessId.UNKNOWN).hasEnded())
                .isFalse();
    }

    @Test
    void aNumberGivenToAnotherProcessIsNoSignOfLife() {
        ProcessId own = ProcessId.current();
        assertThat(with(own.host(), own.pid(), own.started(), own.mark() + "0").hasEnded())
                .isTrue();
        assertThat(new ProcessId(own.host(), own.pid(), "2026-01-01T00:00:00Z", ProcessId.UNKNOWN).hasEnded())
                .isTrue();
        assertThat(with(own.host(), 2_147_483_646, own.started(), own.mark()).hasEnded())
                .isTrue();
    }

    @Test
    void aClockThatWasSetDoesNotEndAProcess() {
        ProcessId own = ProcessId.current();
        assertThat(with(own.host(), own.pid(), "2026-01-01T00:00:00Z", own.mark())
                        .hasEnded())
                .isFalse();
    }

    /** Of containers, whose process numbers are in rooms of their own, nobody can tell. */
    @Test
    void aHostThatWasStartedAnewHasEndedItsProcesses() {
        ProcessId own = ProcessId.current();
        boolean outside = own.mark().contains("/pid:[4026531836]/");
        String earlier = own.mark().replaceFirst("^[^/]*", "another-boot");
        assertThat(with(own.host(), own.pid(), own.started(), earlier).ranBeforeReboot())
                .isEqualTo(outside && !own.host().equals("localhost"));
        assertThat(own.ranBeforeReboot()).isFalse();
        assertThat(with("elsewhere", own.pid(), own.started(), earlier).ranBeforeReboot())
                .isFalse();
        assertThat(with(own.host(), own.pid(), own.started(), earlier.replaceFirst("pid:\\[[0-9]+", "pid:[1"))
                        .ranBeforeReboot())
                .isFalse();
        assertThat(with(own.host(), own.pid(), own.started(), ProcessId.UNKNOWN).ranBeforeReboot())
                .isFalse();
    }

    /** Its parent does not ask how it has ended, so that the system keeps its number. */
    @Test
    void aProcessThatNobodyHasWaitedForHasEnded() throws IOException {
        ProcessId own = ProcessId.current();
        Process parent = new ProcessBuilder("sh", "-c", "sleep 0 & echo $!; exec sleep 60").start();
        try {
            long pid = Long.parseLong(parent.inputReader().readLine());
            String[] fields;
            do {
                fields = StringUtils.substringAfterLast(Files.readString(Path.of("/proc/" + pid + "/stat")), ") ")
                        .split(" ");
            } while (!fields[0].equals("Z"));
            String mark = StringUtils.substringBeforeLast(own.mark(), "/") + "/" + fields[19];
            assertThat(with(own.host(), pid, own.started(), mark).hasEnded()).isTrue();
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    void ofOtherHostsAndContainersNothingIsKnown() {
        ProcessId own = ProcessId.current();
        ProcessId elsewhere = with("elsewhere.example", own.pid(), own.started(), own.mark());
        assertThat(elsewhere.isHere()).isFalse();
        assertThat(elsewhere.hasEnded()).isFalse();
        ProcessId contained = with(own.host(), 2_147_483_646, own.started(), "boot/pid:[1]/17");
        assertThat(contained.isHere()).as("of the same name").isFalse();
        assertThat(contained.hasEnded()).isFalse();
    }
}
