package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BackgroundWriterTest {
    private final List<String> written = new CopyOnWriteArrayList<>();
    /** The first file of a kind is being written. */
    private final CountDownLatch begun = new CountDownLatch(1);
    /** It may be written to its end. */
    private final CountDownLatch free = new CountDownLatch(1);

    /** While the first is written, others of its kind come; only the last of them is written, and other kinds are not touched. */
    @Test
    void ofAKindTheNewestThatWaitsIsWritten() throws Exception {
        try (BackgroundWriter writer = new BackgroundWriter()) {
            submitAndHold(writer, () -> written.add("model 1"));
            writer.submit("model", () -> written.add("model 2"));
            writer.submit("table", () -> written.add("table 1"));
            writer.submit("model", () -> written.add("model 3"));
            free.countDown();
            writer.flush();
            assertThat(written).containsExactly("model 1", "table 1", "model 3");
            assertThat(writer.failures()).isZero();
        }
    }

    /** A model whose writing has begun, and goes on when it may. */
    private void submitAndHold(BackgroundWriter writer, BackgroundWriter.Write write) throws InterruptedException {
        writer.submit("model", () -> {
            begun.countDown();
            awaitFree();
            write.run();
        });
        begun.await();
    }

    private void awaitFree() throws IOException {
        try {
            free.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void whatFailsIsTriedAgainWithTheNextAndAtTheEnd() throws Exception {
        AtomicBoolean full = new AtomicBoolean(true);
        try (BackgroundWriter writer = new BackgroundWriter()) {
            writer.submit("model", () -> {
                if (full.get()) {
                    throw new IOException("full\nof HDFS's words");
                }
                written.add("model");
            });
            assertThatThrownBy(writer::flush).isInstanceOf(IOException.class).hasMessage("model: full");
            writer.submit("table", () -> written.add("table"));
            assertThatThrownBy(writer::flush).hasMessage("model: full");
            assertThat(written).containsExactly("table");
            full.set(false);
            writer.flush();
            assertThat(written).containsExactly("table", "model");
            assertThat(writer.failures()).isGreaterThanOrEqualTo(2);
        }
    }

    @Test
    void aNewerOneTakesThePlaceOfWhatHasFailed() throws Exception {
        try (BackgroundWriter writer = new BackgroundWriter()) {
            writer.submit("model", () -> {
                throw new OutOfMemoryError("as Hadoop's errors");
            });
            assertThatThrownBy(writer::flush).hasMessageContaining("as Hadoop's errors");
            writer.submit("model", () -> written.add("newer"));
            writer.flush();
            assertThat(written).containsExactly("newer");
        }
    }

    /** While the older is written, which fails, the newer comes; the older must not come back after it. */
    @Test
    void whatHasFailedDoesNotReplaceANewerOne() throws Exception {
        try (BackgroundWriter writer = new BackgroundWriter()) {
            submitAndHold(writer, () -> {
                if (writer.failures() == 0) {
                    throw new IOException("for once");
                }
                written.add("older");
            });
            writer.submit("model", () -> written.add("newer"));
            free.countDown();
            writer.flush();
            writer.flush();
            assertThat(written).containsExactly("newer");
        }
    }

    @Test
    void closingWritesWhatWaitsAndTakesNoMore() {
        BackgroundWriter writer = new BackgroundWriter();
        writer.submit("a", () -> written.add("a"));
        writer.submit("b", () -> written.add("b"));
        // Nobody who is told to hurry loses what waits.
        Thread.currentThread().interrupt();
        writer.close();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(written).containsExactly("a", "b");
        assertThatThrownBy(() -> writer.submit("c", () -> {})).isInstanceOf(IllegalStateException.class);
    }

    /** Without a flush. */
    @Test
    void theNextFileBringsBackTheOneThatFailed() throws Exception {
        AtomicBoolean full = new AtomicBoolean(true);
        CountDownLatch both = new CountDownLatch(2);
        try (BackgroundWriter writer = new BackgroundWriter()) {
            writer.submit("model", () -> {
                if (full.get()) {
                    throw new IOException("full");
                }
                both.countDown();
            });
            while (writer.failures() == 0) {
                Thread.onSpinWait();
            }
            full.set(false);
            writer.submit("table", both::countDown);
            both.await();
        }
    }

    @Test
    void whoeverWaitsCanBeInterrupted() throws Exception {
        try (BackgroundWriter writer = new BackgroundWriter()) {
            writer.submit("model", this::awaitFree);
            Thread.currentThread().interrupt();
            assertThatThrownBy(writer::flush).isInstanceOf(IOException.class).hasMessageContaining("interrupted");
            assertThat(Thread.interrupted()).isTrue();
            free.countDown();
            writer.flush();
        }
    }

    @Test
    void aProcessDoesNotWaitForIt() {
        try (BackgroundWriter writer = new BackgroundWriter()) {
            assertThat(writer.failures()).isZero();
            assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> thread.getName().equals("convoy-writer"))
                    .isNotEmpty()
                    .allMatch(Thread::isDaemon);
        }
    }
}
