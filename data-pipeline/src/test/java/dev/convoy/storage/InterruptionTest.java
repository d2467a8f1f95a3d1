package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterruptionTest {
    @TempDir
    Path folder;

    @AfterEach
    void forWhatFollowsOnThisThread() {
        Thread.interrupted();
    }

    private void write(String name) throws IOException {
        try (FileChannel channel =
                FileChannel.open(folder.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1));
        }
    }

    @Test
    void whatMustBeDoneIsDoneAndTheThreadInterruptedAgain() throws IOException {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> write("half")).isInstanceOf(ClosedByInterruptException.class);
        try (Interruption pause = Interruption.outlast()) {
            write("whole");
        }
        assertThat(folder.resolve("whole")).hasSize(1);
        assertThat(Thread.interrupted()).isTrue();
        try (Interruption pause = Interruption.outlast()) {
            write("another");
        }
        assertThat(Thread.interrupted()).as("nobody has").isFalse();
    }

    @Test
    void failuresTellOfInterruptions() {
        Interruption.keep(new IOException(new SocketTimeoutException("slow")));
        assertThat(Thread.interrupted()).isFalse();
        Interruption.keep(new IllegalStateException(new InterruptedException()));
        assertThat(Thread.interrupted()).isTrue();
        Interruption.keep(new IOException(new InterruptedIOException("of HDFS")));
        assertThat(Thread.interrupted()).isTrue();
    }
}
