package dev.convoy.train.allreduce;

import dev.convoy.collective.Collective;
import dev.convoy.collective.CollectiveBackend;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.SumLayout;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.BarrierTaskInfo;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/** One worker's part of a segment; all of them run at once, in a barrier stage. Rank 0 brings home the end. */
final class SegmentTask extends AbstractFunction1<Iterator<byte[]>, Iterator<Segment.End>> implements Serializable {
    private static final long serialVersionUID = 1L;
    /** How often Spark is made to look whether everybody has arrived. */
    private static final long POLL_MILLIS = 5;

    private final Segment segment;

    SegmentTask(Segment segment) {
        this.segment = segment;
    }

    @Override
    public Iterator<Segment.End> apply(Iterator<byte[]> chunks) {
        BarrierTaskContext context = BarrierTaskContext.get();
        WorkerShard shard = segment.opener().open(JavaConverters.asJavaIterator(chunks));
        try {
            Optional<Segment.End> end =
                    ReplicaPool.with(segment.replica().forTask(context), trainer -> run(context, shard, trainer));
            return JavaConverters.asScalaIterator(end.stream().iterator());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The task was interrupted", e);
        }
    }

    private Optional<Segment.End> run(BarrierTaskContext context, WorkerShard shard, LocalTrainer trainer) {
        int rank = context.partitionId();
        List<String> executors = Arrays.stream(context.getTaskInfos())
                .map(BarrierTaskInfo::address)
                .toList();
        boolean byHost = segment.allReduce().sharing() == AllReduceSpec.Sharing.HOST;
        SumLayout layout = segment.vector(trainer.slots().size());
        Collective.Shape shape = new Collective.Shape(
                byHost ? executors.stream().map(SegmentTask::host).toList() : executors,
                layout.length(),
                overlaps(trainer) ? layout.parameters() : 0,
                ControlSlot.values().length,
                segment.allReduce().backend(),
                segment.spec().sync().compression(),
                segment.allReduce().timeoutSeconds());
        try (Collective collective = new Collective(
                rank,
                shape,
                host(executors.get(rank)),
                trainer.replica().cudaDevice(),
                message -> allGather(context, message),
                context::isInterrupted)) {
            try {
                Segment.End end = new SegmentRun(segment, rank, shard, context.cpus(), trainer, collective).run();
                return rank == 0 ? Optional.of(end) : Optional.empty();
            } catch (RuntimeException | Error e) {
                collective.abandon();
                throw e;
            }
        }
    }

    /**
     * What is averaged is there only at the end of a round. NCCL would sum in the very stream that gradients are computed in.
     */
    private boolean overlaps(LocalTrainer trainer) {
        return segment.allReduce().overlap()
                && segment.allReduce().backend() == CollectiveBackend.GLOO
                && segment.spec().sync().exchange() == Exchange.GRADIENT
                && trainer.replica().hasGradientInParts();
    }

    private static String host(String address) {
        return address.substring(0, address.lastIndexOf(':'));
    }

    /**
     * Spark asks everybody, and then sleeps for a whole second before it looks for answers. So this happens on a thread that
     * is woken more often.
     */
    private List<String> allGather(BarrierTaskContext context, String message) {
        SegmentProgressPlugin.tell(new SegmentProgressPlugin.Message(segment.id(), context.partitionId(), List.of()));
        CompletableFuture<List<String>> answers = new CompletableFuture<>();
        Thread asking = new Thread(
                () -> {
                    try {
                        answers.complete(List.of(context.allGather(message)));
                    } catch (Throwable e) {
                        answers.completeExceptionally(e);
                    }
                },
                "convoy-barrier");
        asking.setDaemon(true);
        asking.start();
        try {
            for (asking.join(POLL_MILLIS); asking.isAlive(); asking.join(POLL_MILLIS)) {
                asking.interrupt();
            }
            return answers.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The task was interrupted", e);
        } catch (CompletionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        }
    }
}
