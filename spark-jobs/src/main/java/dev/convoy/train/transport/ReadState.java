package dev.convoy.train.transport;

import dev.convoy.train.StateMessage;
import dev.convoy.train.TrainingState;
import java.lang.ref.SoftReference;
import java.util.List;
import org.apache.spark.SparkEnv;

/**
 * The state that this process has read last: tasks that run at once share it, and the next one is read into its memory, so that
 * rounds leave no garbage of the size of weights.
 */
final class ReadState implements StateBroadcast.Loan {
    private static SoftReference<ReadState> last = new SoftReference<>(null);

    private final Key key;
    private final TrainingState state;
    private int users;

    /** Numbers of broadcasts begin anew with every Spark context. */
    private record Key(String application, long broadcast) {}

    private ReadState(Key key, TrainingState state) {
        this.key = key;
        this.state = state;
    }

    /**
     * Reads a state unless it was read last.
     *
     * @throws BlockLostException if a part of it went with an executor
     */
    static synchronized ReadState borrow(long broadcast, StateBlocks blocks) {
        Key key = new Key(SparkEnv.get().conf().getAppId(), broadcast);
        ReadState read = last.get();
        if (read == null || !read.key.equals(key)) {
            List<float[]> memory = read == null || read.users > 0 ? List.of() : StateMessage.vectors(read.state);
            // Not to be found any more, since reading may fail half-way.
            last = new SoftReference<>(null);
            read = new ReadState(key, blocks.state(memory));
            last = new SoftReference<>(read);
        }
        read.users++;
        return read;
    }

    @Override
    public TrainingState state() {
        return state;
    }

    @Override
    public void close() {
        synchronized (ReadState.class) {
            users--;
        }
    }
}
