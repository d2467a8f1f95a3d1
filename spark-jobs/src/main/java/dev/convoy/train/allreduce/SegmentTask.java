package dev.convoy.train.allreduce;

import dev.convoy.collective.Collective;
import dev.convoy.collective.CollectiveBackend;
import dev.convoy.collective.CollectiveShape;
import dev.convoy.collective.MemoryUse;
import dev.convoy.collective.PeerLostException;
import dev.convoy.data.Printable;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.transport.BlockLostException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.BarrierTaskInfo;
import org.apache.spark.SparkEnv;
import org.apache.spark.shuffle.FetchFailedException;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/**
 * A task of a segment, with one worker or several; all tasks run at once, in a barrier stage. The first one, which has rank 0, brings home
 * the {@link Segment.End}, in bytes; its state waits in blocks.
 */
final class SegmentTask extends AbstractFunction1<Iterator<byte[]>, Iterator<byte[]>> implements Serializable {
    private static final long serialVersionUID = 1L;

    /** How often Spark is made to look whether everybody has arrived. */
    private static final long POLL_MILLIS = 5;

    private final Segment segment;

    SegmentTask(Segment segment) {
        this.segment = segment;
    }

    @Override
    public Iterator<byte[]> apply(Iterator<byte[]> nothing) {
        BarrierTaskContext context = BarrierTaskContext.get();
        try {
            List<WorkerShard> own = ranks(context).stream().map(this::open).toList();
            Optional<Segment.End> end = ReplicaPool.withTrainer(
                    segment.replica().forTask(context),
                    segment.spec().optimizer(),
                    trainer -> run(context, own, trainer));
            return JavaConverters.asScalaIterator(
                    end.map(this::home).orElseGet(List::of).iterator());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The task was interrupted", e);
        } catch (Throwable e) {
            tellOf(e, context);
            throw e;
        }
    }

    /** What goes home with the stage; nothing within one process, where it would be written and read in vain. */
    private List<byte[]> home(Segment.End end) {
        if (SegmentProgressPlugin.isHere(segment.id())) {
            SegmentProgressPlugin.ask(new SegmentProgressPlugin.Ended(segment.id(), end));
            return List.of();
        }
        return List.of(end.write(segment.start()));
    }

    private List<Integer> ranks(BarrierTaskContext context) {
        return segment.tasks().get(context.partitionId()).ranks();
    }

    private WorkerShard open(int rank) {
        return segment.opener()
                .openCached(rank)
                .orElseThrow(() -> new PeerLostException("The images of rank " + rank + " went with their executor"));
    }

    private void tellOf(Throwable failure, BarrierTaskContext context) {
        boolean loss = failure instanceof PeerLostException
                || failure instanceof FetchFailedException
                || BlockLostException.isBehind(failure);
        if (!loss && !context.isInterrupted()) {
            SegmentProgressPlugin.send(
                    new SegmentProgressPlugin.Failed(segment.id(), ranks(context), Printable.firstLine(failure)));
        }
    }

    private Optional<Segment.End> run(BarrierTaskContext context, List<WorkerShard> own, LocalTrainer trainer) {
        int member = context.partitionId();
        List<String> executors = Arrays.stream(context.getTaskInfos())
                .map(BarrierTaskInfo::address)
                .toList();
        CollectiveShape shape = shape(context.stageAttemptNumber(), executors, trainer);
        try (Collective collective = new Collective(
                member,
                shape,
                ownHost(),
                trainer.replica().cudaDevice(),
                message -> allGather(context, message),
                context::isInterrupted)) {
            Optional<SegmentReporter> reporter =
                    member == 0 ? Optional.of(new SegmentReporter(segment.id())) : Optional.empty();
            try {
                return new SegmentRun(
                                segment,
                                ranks(context),
                                own,
                                context.cpus(),
                                trainer,
                                collective,
                                shape.grouping(),
                                reporter)
                        .run();
            } catch (Throwable e) {
                // First the reason, so that the driver does not take what others make of it for one.
                tellOf(e, context);
                collective.abandon();
                throw e;
            } finally {
                reporter.ifPresent(SegmentReporter::close);
            }
        }
    }

    private CollectiveShape shape(int stageAttempt, List<String> executors, LocalTrainer trainer) {
        boolean byHost = segment.allReduce().sharing() == AllReduceSpec.Sharing.HOST;
        SumLayout layout = segment.vector();
        return new CollectiveShape(
                IntStream.range(0, executors.size())
                        .mapToObj(task -> new CollectiveShape.Member(
                                byHost ? host(executors.get(task)) : executors.get(task),
                                segment.tasks().get(task).ranks()))
                        .toList(),
                layout.length(),
                overlaps(trainer) ? layout.parameters() : 0,
                layout.parameters(),
                ControlSlot.values().length,
                held(trainer),
                // Tasks of an attempt before may still write to what that has used.
                new MemoryUse(segment.id() + "/" + stageAttempt, stageAttempt == 0 ? segment.memory() : ""),
                segment.allReduce().backend(),
                segment.spec().sync().compression(),
                segment.timeoutSeconds());
    }

    private List<Integer> held(LocalTrainer trainer) {
        return trainer.replica().takesMemory()
                ? HeldModel.lengths(
                        segment.spec().sync().exchange(),
                        segment.vector().parameters(),
                        trainer.optimizer().slotCount())
                : List.of();
    }

    /** NCCL cannot overlap: it would sum in the very stream that gradients are computed in. */
    private boolean overlaps(LocalTrainer trainer) {
        return segment.allReduce().overlap()
                && segment.allReduce().backend() == CollectiveBackend.GLOO
                && segment.spec().sync().exchange().isReadyInParts()
                && trainer.replica().hasGradientInParts();
    }

    /**
     * Where others reach this executor, as they do for blocks. What the driver sees of it may be a gateway, or another network's address.
     */
    private static String ownHost() {
        String host = SparkEnv.get().blockManager().blockManagerId().host();
        // Of version 6, as it stands in addresses with ports.
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static String host(String address) {
        return address.substring(0, address.lastIndexOf(':'));
    }

    /**
     * Brings every task's message to every task. Spark asks everybody, and then sleeps for a whole second before it looks for answers;
     * so this happens on a thread that is woken more often.
     */
    private List<String> allGather(BarrierTaskContext context, String message) {
        SegmentProgressPlugin.send(new SegmentProgressPlugin.Arrived(segment.id(), ranks(context)));
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
            // As when another task does not come.
            throw new PeerLostException("Spark's barrier failed: " + Printable.firstLine(e.getCause()), e.getCause());
        }
    }
}
