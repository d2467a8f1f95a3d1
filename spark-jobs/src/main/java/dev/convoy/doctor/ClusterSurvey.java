package dev.convoy.doctor;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.Printable;
import dev.convoy.data.SourceImage;
import dev.convoy.data.rdd.Broadcasts;
import dev.convoy.data.source.ImageSplit;
import dev.convoy.model.backend.Placement;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.BlockManagerId;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Asks the processes of a cluster. */
public final class ClusterSurvey {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterSurvey.class);

    private static final ClassTag<Integer> INTEGERS = ClassTag$.MODULE$.apply(Integer.class);
    private static final int PROBED_BYTES = 1 << 20;
    private static final int CONNECT_MILLIS = 3000;
    private static final int POLL_MILLIS = 100;
    private static final Duration SETTLED = Duration.ofSeconds(3);
    private static final Duration MAX_JOB = Duration.ofMinutes(5);
    private static final Duration MAX_WAIT = Duration.ofMinutes(1);
    private static final int MAX_READERS = 64;

    /** Sockets that this process listens on for others that try to reach it, by where they are. */
    private static final Map<String, ServerSocket> LISTENING = new ConcurrentHashMap<>();

    private final JavaSparkContext spark;

    public ClusterSurvey(JavaSparkContext spark) {
        this.spark = spark;
    }

    /** The executors that there are; in local mode the driver alone. */
    public int executors() {
        return places().size();
    }

    /**
     * Waits until no more executors come, for a minute at most; those of a cluster that has just begun come one by one.
     *
     * @return whether there is one
     */
    public boolean settle() {
        long deadline = System.nanoTime() + MAX_WAIT.toNanos();
        long changed = System.nanoTime();
        int before = -1;
        while (!spark.isLocal() && System.nanoTime() < deadline) {
            int now = places().contains("") ? 0 : places().size();
            changed = now == before ? changed : System.nanoTime();
            before = now;
            if (now > 0 && System.nanoTime() - changed > SETTLED.toNanos()) {
                return true;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ConvoyException("Cannot go on: the job was interrupted", e);
            }
        }
        return spark.isLocal() || before > 0;
    }

    /** Runs a job that has to end; one whose tasks find no place would be waited for without end. */
    private static <T> List<T> collect(JavaRDD<T> tasks) {
        JavaFutureAction<List<T>> job = tasks.collectAsync();
        try {
            return job.get(MAX_JOB.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            job.cancel(true);
            throw new ConvoyException("executors have not answered within " + MAX_JOB.toMinutes() + " minutes", e);
        } catch (ExecutionException e) {
            throw new ConvoyException(Printable.firstLine(e.getCause()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: the job was interrupted", e);
        }
    }

    private List<String> places() {
        List<String> places = new ArrayList<>();
        for (BlockManagerId id : JavaConverters.asJavaCollection(
                SparkEnv.get().blockManager().master().getMemoryStatus().keys().toSeq())) {
            if (!id.isDriver()) {
                places.add("executor_" + id.host() + "_" + id.executorId());
            }
        }
        return places.isEmpty() ? List.of("") : places.stream().sorted().toList();
    }

    /** A task for each executor, on it. */
    private JavaRDD<Integer> everywhere() {
        List<Tuple2<Integer, Seq<String>>> tasks = new ArrayList<>();
        List<String> places = places();
        for (int i = 0; i < places.size(); i++) {
            List<String> place = places.get(i).isEmpty() ? List.of() : List.of(places.get(i));
            tasks.add(new Tuple2<>(i, JavaConverters.asScalaBuffer(place)));
        }
        return spark.sc().makeRDD(JavaConverters.asScalaBuffer(tasks), INTEGERS).toJavaRDD();
    }

    /** What was found of processes, and of their clocks. */
    public record Answers(List<ProcessFacts> processes, List<Check> clocks) {}

    /**
     * Asks the driver and all executors.
     *
     * @param device where the backend is tried out
     */
    public Answers ask(String backend, Placement.Device device) {
        List<ProcessFacts> processes = new ArrayList<>(List.of(ProcessSurvey.take(backend, device)));
        List<ProcessFacts> executors = collect(everywhere().map(new Survey(backend, device))).stream()
                .map(bytes -> ObjectBytes.read(bytes, ProcessFacts.class))
                .toList();
        if (!spark.isLocal()) {
            processes.addAll(executors);
        }
        return new Answers(processes, clocks());
    }

    private record Survey(String backend, Placement.Device device) implements Function<Integer, byte[]> {
        @Override
        public byte[] call(Integer task) {
            return ObjectBytes.write(ProcessSurvey.take(backend, device));
        }
    }

    private List<Check> clocks() {
        long before = System.currentTimeMillis();
        List<Tuple2<String, Long>> times = collect(
                everywhere().map(task -> new Tuple2<>(SparkEnv.get().executorId(), System.currentTimeMillis())));
        long after = System.currentTimeMillis();
        return times.stream()
                .map(one -> Diagnosis.clock("executor " + one._1(), one._2(), before, after))
                .flatMap(Optional::stream)
                .toList();
    }

    /** Whether bytes come to executors and home again through Spark's serializer as they were. */
    public Check serializer() {
        byte[] sent = new byte[PROBED_BYTES];
        for (int i = 0; i < sent.length; i++) {
            sent[i] = (byte) (i * 31);
        }
        String name = spark.getConf().get("spark.serializer", "Java's").replaceAll(".*\\.", "");
        Broadcast<byte[][]> broadcast = spark.broadcast(new byte[][] {sent});
        try {
            boolean same =
                    collect(everywhere().map(new Echo(broadcast))).stream().allMatch(echo -> Arrays.equals(echo, sent));
            return same
                    ? Check.ok("serializer", "cluster", name + " brings bytes home as they were")
                    : Check.fail(
                            "serializer", "cluster", name + " changes bytes", "spark.serializer as it is by default");
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared.
            return Check.fail(
                    "serializer",
                    "cluster",
                    name + ": " + Printable.firstLine(e),
                    "spark.kryo.registrationRequired=false, a larger spark.kryoserializer.buffer.max, or spark.serializer as"
                            + " it is by default");
        } finally {
            Broadcasts.destroy(broadcast);
        }
    }

    private record Echo(Broadcast<byte[][]> broadcast) implements Function<Integer, byte[]> {
        @Override
        public byte[] call(Integer task) {
            return broadcast.value()[0];
        }
    }

    /** Whether every executor reaches every other one at a port that the system chooses, as all-reduce needs. */
    public List<Check> ports() {
        List<String> addresses = collect(everywhere().map(new Listen()));
        try {
            List<String> unreached = new ArrayList<>();
            collect(everywhere().map(new Connect(addresses)))
                    .forEach(bytes -> unreached.addAll(List.of(ObjectBytes.read(bytes, Unreached.class).lines)));
            return unreached.isEmpty()
                    ? List.of(Check.ok("ports", "cluster", "all executors reach each other"))
                    : unreached.stream()
                            .map(line -> Check.fail(
                                    "ports",
                                    "cluster",
                                    line,
                                    "open ports between executors' hosts (net.ipv4.ip_local_port_range), check SPARK_LOCAL_IP,"
                                            + " or sync.transport=rounds"))
                            .toList();
        } finally {
            everywhere().foreach(task -> close());
        }
    }

    private static void close() {
        LISTENING.values().forEach(socket -> {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        LISTENING.clear();
    }

    private record Listen() implements Function<Integer, String> {
        @Override
        public String call(Integer task) throws IOException {
            String host = SparkEnv.get().blockManager().blockManagerId().host();
            ServerSocket socket = new ServerSocket(0, 128, InetAddress.getByName(host));
            String address = host + " " + socket.getLocalPort();
            LISTENING.put(address, socket);
            Thread accepting = new Thread(() -> accept(socket), "convoy-doctor-port");
            accepting.setDaemon(true);
            accepting.start();
            return address;
        }
    }

    /** Until the socket is closed; others that connect only want to see that they can. */
    private static void accept(ServerSocket socket) {
        try {
            while (true) {
                socket.accept().close();
            }
        } catch (IOException e) {
            LOG.debug("The socket is closed", e);
        }
    }

    private record Unreached(String... lines) implements Serializable {}

    private record Connect(List<String> addresses) implements Function<Integer, byte[]> {
        @Override
        public byte[] call(Integer task) {
            List<String> unreached = new ArrayList<>();
            String here = SparkEnv.get().blockManager().blockManagerId().host();
            for (String address : addresses) {
                String[] parts = address.split(" ", 2);
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(parts[0], Integer.parseInt(parts[1])), CONNECT_MILLIS);
                } catch (IOException e) {
                    unreached.add(here + " does not reach " + parts[0] + ": " + e.getMessage());
                }
            }
            return ObjectBytes.write(new Unreached(unreached.toArray(new String[0])));
        }
    }

    /**
     * Whether every executor can read images.
     *
     * @param splits of which each executor reads the first image of one
     */
    public List<Check> images(List<? extends ImageSplit> splits) {
        byte[] some =
                ObjectBytes.write(new Splits(splits.stream().limit(MAX_READERS).toArray(ImageSplit[]::new)));
        List<Check> checks =
                collect(everywhere().map(new Read(some, new SerializableConfiguration(spark.hadoopConfiguration()))))
                        .stream()
                        .distinct()
                        .filter(line -> !line.isEmpty())
                        .map(
                                line -> Check.fail(
                                        "images",
                                        "cluster",
                                        line,
                                        "put images where all hosts see them: HDFS, an object store, or a disk that they share"))
                        .toList();
        return checks.isEmpty() ? List.of(Check.ok("images", "cluster", "all executors read them")) : checks;
    }

    private record Splits(ImageSplit... splits) implements Serializable {}

    private record Read(byte[] splits, SerializableConfiguration hadoop) implements Function<Integer, String> {
        @Override
        public String call(Integer task) {
            ImageSplit[] all = ObjectBytes.read(splits, Splits.class).splits;
            try {
                Iterator<SourceImage> images = all[task % all.length].read(hadoop.value(), id -> true);
                // Whether an image can be used is not for a doctor of clusters.
                String problem = images.hasNext() ? "" : where() + "a part of the images is empty";
                if (images instanceof Closeable open) {
                    open.close();
                }
                return problem;
            } catch (IOException | RuntimeException e) {
                return where() + Printable.firstLine(e);
            }
        }

        private static String where() {
            return "on " + SparkEnv.get().blockManager().blockManagerId().host() + ": ";
        }
    }
}
