package dev.convoy.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.testing.JavaProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a registry promises on every file system that it takes. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
abstract class ModelRegistryContract {
    private static final int THREADS = 8;

    @TempDir
    java.nio.file.Path signals;

    private FileSystem files;
    private ModelRegistry registry;
    private RegisteredModel model;
    private Path trained;

    abstract FileSystem files() throws IOException;

    /** A folder that is not there. */
    abstract Path root();

    @BeforeEach
    void create() throws IOException {
        files = files();
        Path root = root();
        registry = new ModelRegistry(files, root).requireWritable();
        model = registry.create("digits");
        trained = RegistryModels.save(files, new Path(root, ".trained"), 1);
    }

    private Lease lease() throws IOException {
        return model.acquire(new LeaseOptions("test"));
    }

    /** With versions 1 to a number, each the child of the one before. */
    private void addVersions(Fence fence, int count) throws IOException {
        for (int i = 1; i <= count; i++) {
            VersionDraft draft = RegistryModels.draft(trained, "run-" + i);
            assertThat(model.add(fence, i == 1 ? draft : draft.withParent(i - 1))
                            .number())
                    .isEqualTo(i);
        }
    }

    private AliasEntry promote(Fence fence, int version) throws IOException {
        int expected = model.alias(RegisteredModel.CHAMPION).read().number();
        return model.promote(
                fence, RegisteredModel.CHAMPION, expected, AliasChange.promote(version, "better than before"));
    }

    private void overwrite(Path file, String content) throws IOException {
        try (OutputStream out = files.create(file, true)) {
            out.write(content.getBytes(StandardCharsets.UTF_8));
        }
    }

    private String read(Path file) throws IOException {
        return new String(RegistryJson.read(files, file), StandardCharsets.UTF_8);
    }

    private interface Task<T> {
        T run(int thread) throws Exception;
    }

    /** What several threads that begin together come to. */
    private static <T> List<T> together(Task<T> task) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            CyclicBarrier barrier = new CyclicBarrier(THREADS);
            List<Callable<T>> tasks = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int number = thread;
                tasks.add(() -> {
                    barrier.await(30, TimeUnit.SECONDS);
                    return task.run(number);
                });
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : threads.invokeAll(tasks, 1, TimeUnit.MINUTES)) {
                results.add(future.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aVersionIsWhatWasAddedAndStaysSo() throws IOException {
        try (Lease lease = lease()) {
            ModelVersion version = model.add(
                    lease,
                    RegistryModels.draft(trained, "run-1")
                            .withFile("holdout", trained)
                            .withConfiguration(Map.of("some.password", "hunter2", "train.epochs", "3"), 7));
            assertThat(version.number()).isEqualTo(1);
            assertThat(version.info().classNames()).containsExactly("cat", "dog");
            assertThat(version.info().configuration())
                    .containsEntry("some.password", "<redacted>")
                    .containsEntry("train.epochs", "3");
            assertThat(version.info().parentNumber()).isEmpty();
            assertThat(Duration.between(version.info().createdAt(), Instant.now())
                            .abs())
                    .isLessThan(Duration.ofMinutes(2));
            assertThat(version.read("manifest.json")).contains("{}".getBytes(StandardCharsets.UTF_8));
            assertThat(version.read("golden.json")).isEmpty();
            for (String name : List.of("model.json", "weights.safetensors")) {
                byte[] original = RegistryJson.read(files, new Path(trained, name));
                assertThat(RegistryJson.read(files, new Path(version.model(), name)))
                        .isEqualTo(original);
                assertThat(RegistryJson.read(files, new Path(version.folder(), "holdout/" + name)))
                        .isEqualTo(original);
            }
            assertThat(version.load().classNames()).containsExactly("cat", "dog");
            assertThat(version.verify()).isEmpty();
            assertThat(model.verify()).isEmpty();
            assertThat(model.add(lease, RegistryModels.draft(trained, "run-1")).number())
                    .as("the same run key")
                    .isEqualTo(1);
            assertThat(model.numbers()).containsExactly(1);
            assertThat(model.versionOf("run-1").orElseThrow().number()).isEqualTo(1);

            overwrite(new Path(version.folder(), "manifest.json"), "[]");
            overwrite(new Path(version.folder(), "more.json"), "[]");
            files.delete(new Path(version.folder(), "holdout/model.json"), false);
            assertThat(model.verify())
                    .extracting(Fault::where)
                    .containsExactly(
                            "versions/1/holdout/model.json", "versions/1/manifest.json", "versions/1/more.json");
            assertThatThrownBy(() -> promote(lease, 1))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("it is damaged");
        }
    }

    @Test
    void whatDoesNotLoadBecomesNoVersion() throws IOException {
        try (Lease lease = lease()) {
            Path broken = RegistryModels.save(files, new Path(registry.root(), ".broken"), 1);
            overwrite(new Path(broken, "weights.safetensors"), "x");
            assertThatThrownBy(() -> model.add(lease, RegistryModels.draft(broken, "run-1")))
                    .isInstanceOf(ConvoyException.class);
            assertThatThrownBy(() -> model.add(
                            lease, RegistryModels.draft(trained, "run-2").withParent(1)))
                    .hasMessageContaining("Cannot find version 1");
            assertThat(model.numbers()).isEmpty();
            assertThat(model.add(lease, RegistryModels.draft(trained, "run-1")).number())
                    .as("its number was claimed")
                    .isEqualTo(1);
        }
    }

    @Test
    void ofManyThreadsOneWinsEach() throws Exception {
        try (Lease lease = lease()) {
            List<Integer> added = together(thread -> model.add(lease, RegistryModels.draft(trained, "thread-" + thread))
                    .number());
            assertThat(new HashSet<>(added)).hasSize(THREADS);
            List<Integer> same = together(thread ->
                    model.add(lease, RegistryModels.draft(trained, "one")).number());
            assertThat(new HashSet<>(same)).as("one run key, one version").hasSize(1);
            assertThat(model.verify()).isEmpty();
            assertThat(model.numbers()).hasSize(THREADS + 1);

            List<Boolean> appended = together(thread -> {
                try {
                    model.alias("free").append(lease, 0, AliasChange.promote(added.get(thread), "thread " + thread));
                    return true;
                } catch (AliasMovedException e) {
                    return false;
                }
            });
            assertThat(appended).containsOnlyOnce(true);
            int winner = appended.indexOf(true);
            assertThat(model.resolve("free").number()).isEqualTo(added.get(winner));
            List<String> decided = together(thread -> new String(
                    model.decide(lease, "night", ("" + thread).getBytes(StandardCharsets.UTF_8)),
                    StandardCharsets.UTF_8));
            assertThat(new HashSet<>(decided)).hasSize(1);
        }
        List<Boolean> leased = together(thread -> {
            try {
                model.acquire(new LeaseOptions("thread " + thread));
                return true;
            } catch (LockedException e) {
                assertThat(e).hasMessageContaining("LOCKED by thread ");
                return false;
            }
        });
        assertThat(leased).containsOnlyOnce(true);
    }

    private JavaProcess start(String what, String id, int number) throws IOException {
        return JavaProcess.start(
                List.of("-Xmx384m", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"),
                Map.of(),
                RegistryProcess.class,
                what,
                registry.root().toString(),
                files.makeQualified(trained).toString(),
                signals.toString(),
                id,
                Integer.toString(number));
    }

    private void awaitSignal(String name) {
        RegistryProcess.await(() -> Files.exists(signals.resolve(name)));
    }

    private static List<Integer> numbers(String word, String output) {
        Matcher lines = Pattern.compile("(?m)^" + word + " ([0-9]+)$").matcher(output);
        return lines.results().map(line -> Integer.parseInt(line.group(1))).toList();
    }

    @Test
    void ofSeveralProcessesOneWinsEach() throws Exception {
        String outputs;
        try (Lease lease = lease()) {
            addVersions(lease, 1);
            try (JavaProcess a = start("compete", "a", lease.number());
                    JavaProcess b = start("compete", "b", lease.number());
                    JavaProcess c = start("compete", "c", lease.number())) {
                List.of("a", "b", "c").forEach(id -> awaitSignal(id + "-ready"));
                Files.createFile(signals.resolve("go"));
                List.of("a", "b", "c").forEach(id -> awaitSignal(id + "-leased"));
                Files.createFile(signals.resolve("done"));
                outputs = a.output() + b.output() + c.output();
            }
        }
        List<Integer> steps =
                IntStream.range(0, RegistryProcess.ENTRIES).boxed().toList();
        List<Integer> added = numbers("added", outputs);
        assertThat(added).as(outputs).hasSize(3 * steps.size()).doesNotHaveDuplicates();
        List<Integer> shared = numbers("shared", outputs);
        assertThat(shared).hasSize(3 * steps.size());
        assertThat(new HashSet<>(shared)).hasSize(steps.size()).doesNotContainAnyElementsOf(added);
        assertThat(numbers("appended", outputs))
                .containsExactlyInAnyOrderElementsOf(
                        steps.stream().map(i -> i + 1).toList());
        assertThat(numbers("decided", outputs)).containsExactlyInAnyOrderElementsOf(steps);
        assertThat(numbers("held", outputs)).containsExactly(1);
        assertThat(Pattern.compile("(?m)^locked by [abc]$").matcher(outputs).results())
                .hasSize(2);
        assertThat(model.numbers()).hasSize(1 + 4 * steps.size());
        assertThat(model.alias("race").read().entries()).hasSize(steps.size());
        assertThat(model.verify()).isEmpty();
    }

    @Test
    void anInterruptedOwnerGivesItsLeaseBack() throws IOException {
        Lease interrupted = lease();
        Thread.currentThread().interrupt();
        interrupted.close();
        assertThat(Thread.interrupted()).isTrue();
        try (Lease lease = lease()) {
            assertThat(lease.tookOver()).isFalse();
        }
    }

    @Test
    void aKilledOwnersLeaseIsFreeAtOnceOnItsHost() throws Exception {
        try (Lease lease = lease()) {
            addVersions(lease, 2);
            promote(lease, 1);
        }
        try (JavaProcess child = start("hold", "child", 600_000)) {
            awaitSignal("child-holds");
            assertThatThrownBy(this::lease)
                    .isInstanceOf(LockedException.class)
                    .hasMessageContaining(
                            "LOCKED by child (process " + child.process().pid());
            child.process().destroyForcibly().waitFor();
            try (Lease lease = lease()) {
                assertThat(lease.tookOver()).isTrue();
                assertThat(lease.number()).isEqualTo(3);
                AliasLog.Reading champion =
                        model.alias(RegisteredModel.CHAMPION).read();
                assertThat(champion.entries())
                        .extracting(AliasEntry::action)
                        .containsExactly(AliasEntry.Action.PROMOTE, AliasEntry.Action.FENCE);
                assertThat(champion.version()).hasValue(1);
                promote(lease, 2);
                assertThat(model.previous().orElseThrow().number()).isEqualTo(1);
            }
        }
    }

    private static void signalProcess(String signal, Process process) throws Exception {
        Process kill = new ProcessBuilder("kill", signal, Long.toString(process.pid())).start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(kill.exitValue()).isZero();
    }

    /** Stopped, taken for dead, and woken again. */
    @Test
    void anOwnerThatComesBackPublishesNothing() throws Exception {
        try (Lease lease = lease()) {
            addVersions(lease, 2);
            promote(lease, 2);
        }
        try (JavaProcess child = start("hold", "child", RegistryProcess.STALE_MILLIS)) {
            awaitSignal("child-holds");
            signalProcess("-STOP", child.process());
            try (Lease lease = model.acquire(new LeaseOptions("heir").withPatience(Duration.ofSeconds(60)))) {
                assertThat(lease.tookOver()).isTrue();
                Files.createFile(signals.resolve("publish"));
                signalProcess("-CONT", child.process());
                assertThat(child.output())
                        .containsPattern("(?s)lost: .*lost: .*lost: ")
                        .doesNotContain("published");
                assertThat(model.numbers()).containsExactly(1, 2);
                assertThat(model.champion().orElseThrow().number()).isEqualTo(2);
                assertThat(model.decisions()).isEmpty();
                lease.checkHeld();
            }
        }
    }

    @Test
    void readersSeeALoadableChampionAtEveryInstant() throws Exception {
        try (Lease lease = lease()) {
            addVersions(lease, 4);
            promote(lease, 1);
            AtomicBoolean done = new AtomicBoolean();
            ExecutorService reader = Executors.newSingleThreadExecutor();
            try {
                Future<Set<Integer>> seen = reader.submit(() -> {
                    Set<Integer> champions = new HashSet<>();
                    while (!done.get()) {
                        ModelVersion champion = registry.resolve(RegistryReference.parse("registry:digits@champion"));
                        assertThat(champion.load().classNames()).hasSize(2);
                        champions.add(champion.number());
                    }
                    return champions;
                });
                for (int i = 0; i < 12; i++) {
                    promote(lease, 2 + i % 3);
                    model.rollback(lease, OptionalInt.empty(), "worse");
                }
                done.set(true);
                assertThat(seen.get(1, TimeUnit.MINUTES)).contains(1);
            } finally {
                done.set(true);
                reader.shutdownNow();
            }
        }
    }

    @Test
    void historyIsRolledBackAndShownAtTimes() throws IOException {
        try (Lease lease = lease()) {
            addVersions(lease, 3);
            assertThat(model.champion()).isEmpty();
            promote(lease, 1);
            promote(lease, 2);
            promote(lease, 3);
            assertThat(model.previous().orElseThrow().number()).isEqualTo(2);
            assertThat(model.rollback(lease, OptionalInt.empty(), "drift").version())
                    .isEqualTo(2);
            assertThat(model.previous().orElseThrow().number()).isEqualTo(1);
            assertThat(model.rollback(lease, OptionalInt.empty(), "drift again").version())
                    .isEqualTo(1);
            assertThatThrownBy(() -> model.rollback(lease, OptionalInt.empty(), "more"))
                    .hasMessageContaining("there is no previous version");
            assertThat(model.rollback(lease, OptionalInt.of(3), "it was the data")
                            .version())
                    .isEqualTo(3);
            assertThat(model.previous().orElseThrow().number()).isEqualTo(1);
            AliasLog log = model.alias(RegisteredModel.CHAMPION);
            AliasLog.Reading reading = log.read();
            assertThat(reading.entries()).hasSize(6).isSortedAccordingTo((a, b) -> a.instant()
                    .compareTo(b.instant()));
            AliasEntry second = reading.entries().get(1);
            assertThat(second.reason()).isEqualTo("better than before");
            assertThat(second.lease()).isEqualTo(lease.number());
            assertThat(reading.at(second.instant()).orElseThrow().number()).isGreaterThanOrEqualTo(2);
            assertThat(reading.at(reading.entries().get(0).instant().minusMillis(1)))
                    .isEmpty();
            assertThatThrownBy(() -> log.append(lease, 5, AliasChange.promote(1, "late")))
                    .isInstanceOfSatisfying(AliasMovedException.class, e -> {
                        assertThat(e.expected()).isEqualTo(5);
                        assertThat(e.found()).isEqualTo(6);
                    });
            assertThatThrownBy(() -> log.append(lease, 6, AliasChange.promote(9, "no such")))
                    .hasMessageContaining("Cannot find version 9")
                    .hasMessageContaining("[1, 2, 3]");
            log.append(lease, 6, AliasChange.remove("nothing is good enough").withRunKey("night-7"));
            assertThat(model.champion()).isEmpty();
            assertThat(log.read().madeFor("night-7").orElseThrow().number()).isEqualTo(7);
            assertThatThrownBy(() -> model.resolve("champion")).hasMessageContaining("the alias points nowhere");
            assertThat(model.rollback(lease, OptionalInt.empty(), "better than none")
                            .version())
                    .isEqualTo(3);
        }
    }

    @Test
    void whatIsNeededIsNotTakenAway() throws IOException {
        try (Lease lease = lease()) {
            addVersions(lease, 3);
            // A line of its own.
            for (int i = 4; i <= 8; i++) {
                model.add(lease, RegistryModels.draft(trained, "run-" + i));
            }
            promote(lease, 4);
            promote(lease, 3);
            promote(lease, 6);
            GcPolicy policy = new GcPolicy(1, 1);
            GcPlan plan = model.plan(policy);
            assertThat(plan.removed()).containsExactly(4, 5, 7);
            assertThat(plan.kept())
                    .extracting(GcPlan.Kept::version)
                    .as("the newest, the champion, the previous one and its line")
                    .containsExactly(1, 2, 3, 6, 8);
            assertThat(model.plan(new GcPolicy(1, 3)).removed()).containsExactly(5, 7);
            model.collect(lease, plan);
            assertThat(model.numbers()).containsExactly(1, 2, 3, 6, 8);
            assertThat(model.verify()).isEmpty();
            assertThatThrownBy(() -> model.version(5)).hasMessageContaining("it was taken away at 20");
            assertThatThrownBy(() -> model.add(lease, RegistryModels.draft(trained, "run-5")))
                    .hasMessageContaining("it was taken away at 20");
            assertThat(model.add(lease, RegistryModels.draft(trained, "run-9")).number())
                    .isEqualTo(9);
            assertThat(model.rollback(lease, OptionalInt.empty(), "drift").version())
                    .isEqualTo(3);
        }
    }

    @Test
    void tamperingWithAHistoryIsFound() throws IOException {
        try (Lease lease = lease()) {
            addVersions(lease, 3);
            promote(lease, 1);
            promote(lease, 2);
            promote(lease, 3);
            Path log = new Path(model.folder(), "aliases/champion");
            String third = read(new Path(log, "3.json"));
            overwrite(new Path(log, "3.json"), third.replace("\"version\" : 3", "\"version\" : 1"));
            assertFault("aliases/champion/3.json", "it was changed", 2);
            overwrite(new Path(log, "3.json"), third.substring(0, third.length() / 2));
            assertFault("aliases/champion/3.json", "damaged", 2);
            assertThatThrownBy(() -> promote(lease, 1))
                    .hasMessageContaining("its history is damaged (aliases/champion/3.json");
            assertThatThrownBy(() -> model.plan(GcPolicy.DEFAULT)).hasMessageContaining("nothing is taken away");
            overwrite(new Path(log, "3.json"), third);
            assertThat(model.verify()).isEmpty();

            String second = read(new Path(log, "2.json"));
            overwrite(new Path(log, "2.json"), second + "\n");
            assertFault("aliases/champion/3.json", "the chain is broken", 2);
            overwrite(new Path(log, "2.json"), second);
            files.delete(new Path(log, "2.json"), false);
            assertFault("aliases/champion/2.json", "it is missing, though there is a 3.json", 1);
        }
    }

    private void assertFault(String where, String what, int champion) throws IOException {
        assertThat(model.verify()).hasSize(1).first().satisfies(fault -> {
            assertThat(fault.where()).isEqualTo(where);
            assertThat(fault.what()).contains(what);
        });
        assertThat(model.champion().orElseThrow().number()).isEqualTo(champion);
    }

    @Test
    void anAliasWhoseVersionIsGoneIsAFault() throws IOException {
        try (Lease lease = lease()) {
            addVersions(lease, 1);
            promote(lease, 1);
            files.delete(new Path(model.folder(), "versions/1"), true);
            assertThat(model.verify())
                    .contains(new Fault("aliases/champion", "it points to version 1, which is not there"));
            assertThatThrownBy(() -> model.champion()).hasMessageContaining("Cannot find version 1");
        }
    }

    @Test
    void aLeaseCutShortIsJudgedByItsAge() throws IOException {
        Path folder = new Path(model.folder(), "lease");
        assertThat(AtomicFiles.publishNew(files, new Path(folder, "1.json"), new byte[0]))
                .isTrue();
        LeaseOptions options = new LeaseOptions("heir");
        assertThatThrownBy(() -> model.acquire(options))
                .isInstanceOf(LockedException.class)
                .hasMessageContaining("an owner whose file cannot be read");
        // Which the file system says, whatever the clock here shows.
        files.setTimes(new Path(folder, "1.json"), System.currentTimeMillis() - 61_000, -1);
        try (Lease lease = model.acquire(options)) {
            assertThat(lease.number()).isEqualTo(2);
            assertThat(lease.tookOver()).isTrue();
        }
        try (Lease lease = model.acquire(options)) {
            assertThat(lease.number()).isEqualTo(3);
            assertThat(lease.tookOver()).as("it was released").isFalse();
            files.setTimes(new Path(folder, "3.beat"), System.currentTimeMillis() + 86_400_000, -1);
            assertThatThrownBy(() -> model.acquire(options)).isInstanceOf(LockedException.class);
        }
    }

    @Test
    void aLeaseThatIsLostOrReleasedPublishesNothing() throws IOException {
        Lease lease = lease();
        addVersions(lease, 1);
        Path folder = new Path(model.folder(), "lease");
        AtomicFiles.publishNew(files, new Path(folder, "2.json"), new byte[0]);
        assertThatThrownBy(() -> addVersions(lease, 2))
                .isInstanceOf(LostLeaseException.class)
                .hasMessageContaining("lease 2 has taken over");
        assertThatThrownBy(() -> promote(lease, 1)).isInstanceOf(LostLeaseException.class);
        assertThatThrownBy(() -> model.decide(lease, "night", new byte[] {'1'})).isInstanceOf(LostLeaseException.class);
        lease.close();
        files.delete(new Path(folder, "2.json"), false);
        assertThatThrownBy(lease::checkHeld).hasMessageContaining("it is released");
        assertThatThrownBy(() -> model.fence(1).checkHeld()).hasMessageContaining("it is released");
        assertThat(model.decisions()).isEmpty();
    }

    @Test
    void namesAndFormatsAreChecked() throws IOException {
        for (String name : List.of("..", ".hidden", "a/b", "", "x".repeat(101), "a b", "ä")) {
            assertThatThrownBy(() -> registry.create(name))
                    .as(name)
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageStartingWith("Cannot use model = ");
        }
        assertThatThrownBy(() -> RegistryReference.parse("registry:../x@champion"))
                .hasMessageStartingWith("Cannot use model = ");
        assertThatThrownBy(() -> model.alias("7")).hasMessageContaining("numbers are those of versions");
        assertThatThrownBy(() -> model.alias("previous")).hasMessageContaining("it follows from that of champion");
        assertThatThrownBy(() -> registry.model("cats"))
                .hasMessageContaining("Cannot find the model cats")
                .hasMessageContaining("it holds [digits]");
        assertThatThrownBy(() -> registry.resolve(RegistryReference.parse("registry:digits@champion")))
                .hasMessageContaining("the alias points nowhere");
        assertThatThrownBy(() -> registry.resolve(RegistryReference.parse("registry:digits@3")))
                .hasMessageContaining("Cannot find version 3 of digits");
        assertThatThrownBy(() -> registry.resolve(RegistryReference.parse("digits@99999999999")))
                .hasMessageContaining("it is no number of a version");
        overwrite(new Path(model.folder(), "registry.json"), "{\"format\":\"convoy-registry-2\",\"new\":1}");
        assertThatThrownBy(() -> registry.model("digits"))
                .hasMessageContaining(
                        "its format is convoy-registry-2, but this version of Convoy reads convoy-registry-1");
        assertThatThrownBy(() -> registry.create("digits")).hasMessageContaining("convoy-registry-2");
    }
}
