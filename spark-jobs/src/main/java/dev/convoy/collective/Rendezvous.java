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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.commons.io.FileUtils;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;

/**
 * Lets process groups of libtorch connect without a server that strangers could reach. libtorch expects one key-value
 * store for all processes, into which each puts its address, and from which it awaits those of the others. Here each
 * process has a store of its own, in a file that only its user may read. Members bring its entries to each other by
 * all-gathers over the channel that they have anyway, until all members are done.
 *
 * <p>Example with members 0 and 2, which connect, and member 1, which stands by and is done from the start:
 *
 * <ol>
 *   <li>libtorch puts the address of process 0 into the store of member 0, and that of process 1 into the store of member 2; each
 *       then waits for the other's.
 *   <li>First all-gather: members 0 and 2 send what is new in their stores, member 1 sends nothing. Members 0 and 2 put what they receive
 *       into their stores, where libtorch finds it and connects.
 *   <li>Further all-gathers, until libtorch has connected in both: then members 0 and 2 send that they are done, all members see that all
 *       are, and nobody calls another.
 * </ol>
 *
 * <p>If connecting fails on one member, it sends why, and all members stop in the same all-gather.
 */
final class Rendezvous {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ExecutorService CONNECTORS = Executors.newCachedThreadPool(new BasicThreadFactory.Builder()
            .namingPattern("convoy-rendezvous-%d")
            .daemon(true)
            .build());
    /** How long a member waits for new entries before it sends that it has none. */
    private static final long PATIENCE_MILLIS = 50;

    private static final long POLL_MILLIS = 1;

    /**
     * What a member sends in one all-gather.
     *
     * @param done whether the member has nothing to connect, or no longer
     * @param failure why the member cannot connect; null if it still may
     * @param entries values by their keys, in hexadecimal
     */
    private record Message(boolean done, String failure, Map<String, String> entries) {
        static final Message STANDING_BY = new Message(true, null, Map.of());
    }

    private final Function<String, List<String>> channel;

    /**
     * @param channel brings every member's message to every member, by member
     */
    Rendezvous(Function<String, List<String>> channel) {
        this.channel = channel;
    }

    /**
     * Takes part in the all-gathers without connecting anything, until all other members are done.
     *
     * @throws PeerLostException if connecting fails on another member
     */
    void standBy() {
        while (!areAllDone(allGather(Message.STANDING_BY))) {
            // Every member has to take part in every all-gather.
        }
    }

    /**
     * Connects, and returns when all members are done.
     *
     * @param connector connects by a store that seems to be shared, which it retains for as long as what it has made
     *     lives; runs on another thread
     * @param discard ends what the connector has made, now or later, if nobody gets it since another member fails
     * @throws PeerLostException if connecting fails on this member or another
     */
    <T> T connect(Function<Store, T> connector, Consumer<T> discard) {
        Path folder = privateFolder();
        try (PointerScope scope = new PointerScope()) {
            FileStore store = new FileStore(folder.resolve("store").toString(), 1);
            store.retainReference();
            CompletableFuture<T> connecting = CompletableFuture.supplyAsync(() -> connector.apply(store), CONNECTORS);
            connecting.whenComplete((connected, failure) -> store.releaseReference());
            try {
                exchangeEntries(store, connecting);
            } catch (RuntimeException | Error e) {
                connecting.thenAccept(discard);
                throw e;
            }
            return connecting.join();
        } finally {
            FileUtils.deleteQuietly(folder.toFile());
        }
    }

    private void exchangeEntries(Store store, CompletableFuture<?> connecting) {
        Map<String, String> known = new HashMap<>();
        List<Message> messages;
        do {
            Map<String, String> entries = awaitNewEntries(store, connecting, known);
            known.putAll(entries);
            messages = allGather(
                    new Message(connecting.isDone(), failure(connecting).orElse(null), entries));
            for (Message message : messages) {
                message.entries.forEach((key, value) -> {
                    if (known.putIfAbsent(key, value) == null) {
                        put(store, key, value);
                    }
                });
            }
        } while (!areAllDone(messages));
    }

    private static Optional<String> failure(CompletableFuture<?> connecting) {
        if (!connecting.isCompletedExceptionally()) {
            return Optional.empty();
        }
        return Optional.of(connecting
                .handle((connected, e) -> Printable.firstLine(e.getCause() == null ? e : e.getCause()))
                .join());
    }

    private static boolean areAllDone(List<Message> messages) {
        for (int member = 0; member < messages.size(); member++) {
            if (messages.get(member).failure != null) {
                throw new PeerLostException("Task " + member + " cannot connect: " + messages.get(member).failure);
            }
        }
        return messages.stream().allMatch(Message::done);
    }

    private List<Message> allGather(Message mine) {
        try {
            List<Message> messages = new ArrayList<>();
            for (String message : channel.apply(JSON.writeValueAsString(mine))) {
                messages.add(JSON.readValue(message, Message.class));
            }
            return messages;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What the store has beside known entries; empty if that stays so for a while, or if connecting has ended. */
    private static Map<String, String> awaitNewEntries(
            Store store, CompletableFuture<?> connecting, Map<String, String> known) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        Map<String, String> entries = newEntries(store, known);
        while (entries.isEmpty() && !connecting.isDone() && System.nanoTime() < deadline) {
            try {
                connecting.handle((connected, e) -> null).get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("The task was interrupted", e);
            } catch (TimeoutException | ExecutionException e) {
                // Neither connected nor failed yet.
            }
            entries = newEntries(store, known);
        }
        return entries;
    }

    private static Map<String, String> newEntries(Store store, Map<String, String> known) {
        Map<String, String> entries = new HashMap<>();
        try (PointerScope scope = new PointerScope()) {
            StringVector keys = store.listKeys();
            for (long i = 0; i < keys.size(); i++) {
                String key = keys.get(i).getString();
                // The store lists keys of its own too, under names by which it does not have them.
                if (!known.containsKey(key) && store.check(new StringVector(key))) {
                    entries.put(key, HexFormat.of().formatHex(bytes(store.get(key))));
                }
            }
        }
        return entries;
    }

    private static byte[] bytes(ByteVector value) {
        byte[] bytes = new byte[(int) value.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = value.get(i);
        }
        return bytes;
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
