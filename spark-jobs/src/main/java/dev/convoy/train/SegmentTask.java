package dev.convoy.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.WorkerShard;
import dev.convoy.model.Json;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.collective.Collective;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/** One worker's part of a segment; all of them run at once, in a barrier stage. Rank 0 brings home the end. */
final class SegmentTask extends AbstractFunction1<Iterator<ImageChunk>, Iterator<Segment.End>> implements Serializable {
    private static final long serialVersionUID = 1L;
    private final Segment segment;

    SegmentTask(Segment segment) {
        this.segment = segment;
    }

    /** What ranks must know of each other. */
    private record Peer(int rank, String host, String executor, String libraries) {}

    @Override
    public Iterator<Segment.End> apply(Iterator<ImageChunk> chunks) {
        BarrierTaskContext context = BarrierTaskContext.get();
        int rank = context.partitionId();
        // Before anything that takes time, so that only who is lost is late.
        SegmentProgress.tell(new SegmentProgress.News(segment.id(), rank, List.of()));
        String host = context.getTaskInfos()[rank].address().replaceAll(":[0-9]+$", "");
        Peer self = new Peer(rank, host, SparkEnv.get().executorId(), Collective.version());
        List<Peer> peers = Arrays.stream(context.allGather(encode(self)))
                .map(SegmentTask::decode)
                .toList();
        peers.forEach(this::checkLibraries);
        List<ImageChunk> own = new ArrayList<>();
        JavaConverters.asJavaIterator(chunks).forEachRemaining(own::add);
        try {
            Optional<Segment.End> end = ReplicaPool.with(
                    segment.replica().forTask(context), trainer -> run(context, peers, new WorkerShard(own), trainer));
            return JavaConverters.asScalaIterator(end.stream().iterator());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The task was interrupted", e);
        }
    }

    private void checkLibraries(Peer peer) {
        if (!peer.libraries.equals(segment.libraries())) {
            throw new ConvoyException("Cannot exchange vectors between different versions: rank " + peer.rank + " on "
                    + peer.host + " has " + peer.libraries + ", the driver has " + segment.libraries()
                    + "; give all of them the same convoy.jar");
        }
    }

    private Optional<Segment.End> run(
            BarrierTaskContext context, List<Peer> peers, WorkerShard shard, LocalTrainer trainer) {
        boolean byHost = segment.how().sharing() == AllReduceSpec.Sharing.HOST;
        List<String> groups = peers.stream()
                .map(peer -> byHost ? peer.host : peer.host + " " + peer.executor)
                .toList();
        Collective.Shape shape = new Collective.Shape(
                groups,
                segment.vector(trainer.slots().size()).length(),
                ControlSlot.values().length,
                segment.spec().sync().compression(),
                segment.how().timeoutSeconds());
        int rank = context.partitionId();
        try (Collective collective = new Collective(
                rank,
                shape,
                peers.get(rank).host,
                message -> List.of(context.allGather(message)),
                context::isInterrupted)) {
            try {
                Segment.End end = new SegmentRun(segment, rank, shard, trainer, collective).run();
                return rank == 0 ? Optional.of(end) : Optional.empty();
            } catch (RuntimeException | Error e) {
                collective.abandon();
                throw e;
            }
        }
    }

    private static String encode(Peer peer) {
        try {
            return Json.MAPPER.writeValueAsString(peer);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Peer decode(String message) {
        try {
            return Json.MAPPER.readValue(message, Peer.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
