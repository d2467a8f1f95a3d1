package dev.convoy.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.conf.Configuration;

/** Works on a registry in a process of its own, as tests tell it, and prints what became of it. */
final class RegistryProcess {
    /** Of a lease that grows stale soon. */
    static final int STALE_MILLIS = 400;

    static final int ENTRIES = 3;
    private static final int SECONDS = 100;

    private final RegisteredModel model;
    private final org.apache.hadoop.fs.Path trained;
    private final Path signals;
    private final String id;

    private RegistryProcess(RegisteredModel model, org.apache.hadoop.fs.Path trained, Path signals, String id) {
        this.model = model;
        this.trained = trained;
        this.signals = signals;
        this.id = id;
    }

    /**
     * Arguments: what to do, the registry, the model to add, a folder for signals, this process's name, and a fencing number
     * to publish by, or the milliseconds after which its own lease is stale.
     */
    public static void main(String[] arguments) throws Exception {
        RegisteredModel model =
                ModelRegistry.of(quick(new Configuration()), arguments[1]).model("digits");
        RegistryProcess process = new RegistryProcess(
                model, new org.apache.hadoop.fs.Path(arguments[2]), Path.of(arguments[3]), arguments[4]);
        switch (arguments[0]) {
            case "compete" -> process.compete(Integer.parseInt(arguments[5]));
            case "hold" -> process.hold(Duration.ofMillis(Integer.parseInt(arguments[5])));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        // Hadoop's threads would keep it alive.
        System.exit(0);
    }

    /** A client of HDFS that finds the only data node slow asks again after milliseconds, and not after 400. */
    static Configuration quick(Configuration hadoop) {
        hadoop.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 5);
        return hadoop;
    }

    static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("nothing has happened for " + SECONDS + " s");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(2);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    private void awaitSignal(String name) {
        await(() -> Files.exists(signals.resolve(name)));
    }

    private void signal(String name) throws IOException {
        Files.createFile(signals.resolve(id + "-" + name));
    }

    private void compete(int fencingNumber) throws IOException {
        Fence fence = model.fence(fencingNumber);
        signal("ready");
        awaitSignal("go");
        for (int i = 0; i < ENTRIES; i++) {
            System.out.println("added "
                    + model.add(fence, RegistryModels.draft(trained, id + "-" + i))
                            .number());
            System.out.println("shared "
                    + model.add(fence, RegistryModels.draft(trained, "shared-" + i))
                            .number());
            try {
                model.alias("race").append(fence, i, AliasChange.promote(1, id));
                System.out.println("appended " + (i + 1));
            } catch (AliasMovedException e) {
                // Another process was quicker; the next entry is behind its one.
                await(() -> number("race") > e.expected());
            }
            byte[] own = ('"' + id + '"').getBytes(StandardCharsets.UTF_8);
            byte[] stands = model.decide(fence, "night-" + i, own);
            System.out.println((Arrays.equals(own, stands) ? "decided " : "obeyed ") + i);
        }
        try {
            org.apache.hadoop.fs.Path other = new org.apache.hadoop.fs.Path(model.folder(), "other/lease");
            Lease lease = Lease.acquire(model.files(), other, new LeaseOptions(id));
            System.out.println("held " + lease.number());
            signal("leased");
            awaitSignal("done");
            lease.close();
        } catch (LockedException e) {
            System.out.println("locked by " + e.holder().owner().attempt());
            signal("leased");
        }
    }

    private int number(String alias) {
        try {
            return model.alias(alias).read().number();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void hold(Duration stale) throws IOException {
        Lease lease = model.acquire(new LeaseOptions(id).withTiming(stale.dividedBy(8), stale));
        AliasLog.Reading seen = model.alias(RegisteredModel.CHAMPION).read();
        signal("holds");
        awaitSignal("publish");
        tell(() -> model.add(lease, RegistryModels.draft(trained, "late")));
        tell(() -> model.alias(RegisteredModel.CHAMPION).append(lease, seen.number(), AliasChange.promote(1, "late")));
        tell(() -> model.decide(lease, "late", new byte[] {'1'}));
    }

    private interface Publication {
        void publish() throws IOException;
    }

    private static void tell(Publication publication) throws IOException {
        try {
            publication.publish();
            System.out.println("published");
        } catch (LostLeaseException e) {
            System.out.println("lost: " + e.getMessage());
        }
    }
}
