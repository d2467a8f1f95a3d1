package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Spark 3.5 says when a barrier stage fails. */
class SegmentFailedExceptionTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "barrier task ResultTask(7, 1) finished unsuccessfully.\nExecutorLostFailure (executor 1 exited unrelated to"
                        + " the running tasks) Reason: Command exited with code 137",
                "finished unsuccessfully.\ndev.convoy.collective.PeerLostException: Rank 1 has failed",
                "dev.convoy.train.transport.BlockLostException: Lost broadcast_7_end_0_0: no executor has it any more",
                "TaskResultLost (result lost from block manager)",
                "The coordinator didn't get all barrier sync requests for barrier epoch 0 from Task 3 within 120 second(s).",
                "org.apache.spark.shuffle.MetadataFetchFailedException: Missing an output location for shuffle 0",
                "Barrier task failed: FetchFailed(null, shuffleId=0, mapIndex=-1, mapId=-1, reduceId=1)"
            })
    void losses(String words) {
        assertThat(SegmentFailedException.tellsOfLoss(words)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "finished unsuccessfully.\njava.lang.IllegalArgumentException: as a test",
                "finished unsuccessfully.\njava.lang.OutOfMemoryError: Java heap space",
                "finished unsuccessfully.\njava.lang.IllegalArgumentException: Class is not registered: byte[][][]"
            })
    void otherFailures(String words) {
        assertThat(SegmentFailedException.tellsOfLoss(words)).isFalse();
    }
}
