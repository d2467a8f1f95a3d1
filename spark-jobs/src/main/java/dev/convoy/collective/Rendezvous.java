package dev.convoy.collective;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.commons.io.FileUtils;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;

/**
 * Lets processes of libtorch find each other without a server that strangers could reach. libtorch wants a store that all share, in which each
 * leaves its address; here each has one of its own, in a file that only its user may read, and what is put into it travels to the others over the
 * channel by which ranks talk anyway. An example with two processes: both put their address under their number; both tell it; both put what they
 * hear into their store, where libtorch waits for it; both tell that they are connected, and all go on.
 */
final class Rendezvous {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ExecutorService JOINING = Executors.newCachedThreadPool(new BasicThreadFactory.Builder()
            .namingPattern("convoy-rendezvous-%d")
            .daemon(true)
            .build());
    /** How long a process waits for news before it tells that it has none. */
    private static final long PATIENCE_MILLIS = 50;

    private static final long POLL_MILLIS = 1;

    /**
     * What a rank tells.
     *
     * @param done whether it is connected, or never wanted to be
     * @param failure why it will not be; null if it may
     * @param news values by their keys, in hexadecimal
     */
    private record Message(boolean done, String failure, Map<String, String> news) {
        static final Message STANDING_BY = new Message(true, null, Map.of());
    }

    private final Function<String, List<String>> channel;

    /**
     * @param channel brings every rank's message to every rank, by rank
     */
    Rendezvous(Function<String, List<String>> channel) {
        this.channel = channel;
    }

    /** Takes part in talking alone, until those who connect have done so. */
    void standBy() {
        while (!isOver(tell(Message.STANDING_BY))) {
            // Every rank has to answer every time.
        }
    }

    /**
     * Connects.
     *
     * @param join makes what is to be connected, with a store that all seem to share; runs on another thread
     * @throws PeerLostException if anybody fails
     */
    <T> T meet(Function<Store, T> join) {
        Path folder = privateFolder();
        try (PointerScope scope = new PointerScope()) {
            FileStore store = new FileStore(folder.resolve("store").toString(), 1);
            store.retainReference();
            CompletableFuture<T> joined = CompletableFuture.supplyAsync(() -> join.apply(store), JOINING);
            joined.whenComplete((made, failure) -> store.releaseReference());
            exchange(store, joined);
            return joined.join();
        } finally {
            FileUtils.deleteQuietly(folder.toFile());
        }
    }

    private void exchange(Store store, CompletableFuture<?> joined) {
        Map<String, String> known = new HashMap<>();
        List<Message> all;
        do {
            Map<String, String> news = awaitNews(store, joined, known);
            known.putAll(news);
            all = tell(new Message(joined.isDone(), failure(joined).orElse(null), news));
            for (Message message : all) {
                message.news.forEach((key, value) -> {
                    if (known.putIfAbsent(key, value) == null) {
                        put(store, key, value);
                    }
                });
            }
        } while (!isOver(all));
    }

    private static Optional<String> failure(CompletableFuture<?> joined) {
        if (!joined.isCompletedExceptionally()) {
            return Optional.empty();
        }
        return Optional.of(joined.handle((made, e) -> {
                    Throwable cause = e.getCause() == null ? e : e.getCause();
                    return Printable.firstLine(cause);
                })
                .join());
    }

    private static boolean isOver(List<Message> all) {
        for (int rank = 0; rank < all.size(); rank++) {
            if (all.get(rank).failure != null) {
                throw new PeerLostException(rank, "cannot connect: " + all.get(rank).failure);
            }
        }
        return all.stream().allMatch(Message::done);
    }

    private List<Message> tell(Message values) {
        try {
            List<Message> all = new ArrayList<>();
            for (String message : channel.apply(JSON.writeValueAsString(values))) {
                all.add(JSON.readValue(message, Message.class));
            }
            return all;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, String> awaitNews(Store store, CompletableFuture<?> joined, Map<String, String> known) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        Map<String, String> news = newsIn(store, known);
        while (news.isEmpty() && !joined.isDone() && System.nanoTime() < deadline) {
            try {
                joined.handle((made, e) -> null).get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("The task was interrupted", e);
            } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
                // Neither connected nor failed yet.
            }
            news = newsIn(store, known);
        }
        return news;
    }

    private static Map<String, String> newsIn(Store store, Map<String, String> known) {
        Map<String, String> news = new HashMap<>();
        try (PointerScope scope = new PointerScope()) {
            StringVector keys = store.listKeys();
            for (long i = 0; i < keys.size(); i++) {
                String key = keys.get(i).getString();
                // Keys of the store's own are listed too, by names under which they cannot be had.
                if (!known.containsKey(key) && store.check(new StringVector(key))) {
                    ByteVector value = store.get(key);
                    byte[] bytes = new byte[(int) value.size()];
                    for (int at = 0; at < bytes.length; at++) {
                        bytes[at] = value.get(at);
                    }
                    news.put(key, HexFormat.of().formatHex(bytes));
                }
            }
        }
        return news;
    }

    private static void put(Store store, String key, String value) {
        try (PointerScope scope = new PointerScope()) {
            store.set(key, new ByteVector(HexFormat.of().parseHex(value)));
        }
    }

    private static Path privateFolder() {
        try {
            return Files.createTempDirectory(
                    "convoy-store-",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot make a folder in " + System.getProperty("java.io.tmpdir") + " to meet other executors: "
                            + e.getMessage() + "; make space there or point java.io.tmpdir elsewhere",
                    e);
        }
    }
}
