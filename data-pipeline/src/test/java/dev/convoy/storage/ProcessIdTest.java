package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessIdTest {
    private static ProcessId with(String host, long pid, String started, String mark) {
        return new ProcessId(host, pid, started, mark);
    }

    @Test
    void thisProcessLives() {
        ProcessId own = ProcessId.current();
        assertThat(own.isHere()).isTrue();
        assertThat(own.hasEnded()).isFalse();
        assertThat(ProcessId.withoutMark(own.host(), own.pid(), own.started()).hasEnded())
                .isFalse();
    }

    @Test
    void aNumberGivenToAnotherProcessIsNoSignOfLife() {
        ProcessId own = ProcessId.current();
        assertThat(with(own.host(), own.pid(), own.started(), own.mark() + "0").hasEnded())
                .isTrue();
        assertThat(ProcessId.withoutMark(own.host(), own.pid(), "2026-01-01T00:00:00Z")
                        .hasEnded())
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

    @Test
    void ofOtherHostsAndContainersNothingIsKnown() {
        ProcessId own = ProcessId.current();
        assertThat(with("elsewhere.example", own.pid(), own.started(), own.mark())
                        .hasEnded())
                .isFalse();
        ProcessId contained = with(own.host(), 2_147_483_646, own.started(), "boot/pid:[1]/17");
        assertThat(contained.isHere()).as("of the same name").isFalse();
        assertThat(contained.hasEnded()).isFalse();
    }
}
