package dev.convoy.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.network.util.JavaUtils;

/** Compares what is to be run with where it is to run. Pure: what it says depends on facts and plan alone. */
public final class Diagnosis {
    private static final long MEBIBYTE = 1 << 20;
    /** What natives, code and stacks take beside heap and replicas. */
    private static final long BASE_BYTES = 600 * MEBIBYTE;
    /** Spark's least memory overhead, and its usual share of the heap. */
    private static final long MIN_OVERHEAD = 384 * MEBIBYTE;

    private static final double OVERHEAD_SHARE = 0.1;
    /** Of the heap, for what is cached. */
    private static final double CACHE_SHARE = 0.5;

    private static final long SKEW_MILLIS = 2000;
    /** The newest GPUs that ND4J's natives have code for. */
    private static final double ND4J_NEWEST = 8.9;

    private final Plan plan;
    private final List<ProcessFacts> all;
    private final List<ProcessFacts> workers;
    private final List<Check> checks = new ArrayList<>();

    private Diagnosis(Plan plan, List<ProcessFacts> processes) {
        this.plan = plan;
        this.all = processes;
        this.workers = processes.stream()
                .filter(one -> plan.local() || !one.isDriver())
                .toList();
    }

    /**
     * Compares.
     *
     * @param processes the driver's and all executors' that could be asked
     */
    public static List<Check> of(Plan plan, List<ProcessFacts> processes) {
        Diagnosis diagnosis = new Diagnosis(plan, processes);
        diagnosis.versions();
        diagnosis.workers.forEach(diagnosis::natives);
        diagnosis.workers.forEach(diagnosis::processor);
        diagnosis.workers.forEach(diagnosis::threads);
        diagnosis.workers.forEach(diagnosis::malloc);
        diagnosis.all.forEach(diagnosis::names);
        diagnosis.workers.forEach(diagnosis::gpus);
        diagnosis.slots();
        diagnosis.settings();
        plan.training().ifPresent(training -> {
            diagnosis.overhead(training);
            diagnosis.workers.forEach(one -> diagnosis.memory(one, training));
            diagnosis.hosts(training);
            diagnosis.workers.forEach(one -> diagnosis.shared(one, training));
            diagnosis.images(training);
        });
        return List.copyOf(diagnosis.checks);
    }

    private void versions() {
        same(
                "version of Convoy",
                one -> one.versions().get("convoy"),
                Check.Level.FAIL,
                "give all of them one convoy.jar");
        same(
                "version of Spark",
                one -> one.versions().get("spark"),
                Check.Level.FAIL,
                "install one Spark on all hosts");
        same("version of Java", one -> one.versions().get("java"), Check.Level.WARN, "install one JDK 17 on all hosts");
        same(
                "processor",
                ProcessFacts::processor,
                Check.Level.WARN,
                "bits are the same on one kind of processor alone: ask for one kind of host, if you need them");
    }

    private void same(String subject, Function<ProcessFacts, String> of, Check.Level level, String advice) {
        Map<String, TreeSet<String>> names = new TreeMap<>();
        all.forEach(one -> names.computeIfAbsent(String.valueOf(of.apply(one)), key -> new TreeSet<>())
                .add(one.name()));
        if (names.size() == 1) {
            checks.add(Check.ok(subject, "all", names.keySet().iterator().next()));
        } else {
            String found = names.entrySet().stream()
                    .map(entry -> entry.getKey() + " on " + String.join(", ", entry.getValue()))
                    .collect(Collectors.joining("; "));
            checks.add(new Check(level, subject, "all", found, advice));
        }
    }

    private void natives(ProcessFacts one) {
        checks.add(
                one.nativesError().isEmpty()
                        ? Check.ok("natives", one.name(), plan.backend() + " computes")
                        : Check.fail("natives", one.name(), one.nativesError(), "see what the message says"));
    }

    private void processor(ProcessFacts one) {
        if (!one.flags().contains("avx2")) {
            checks.add(Check.warn(
                    "processor",
                    one.name(),
                    "no AVX2: convolutions are several times slower",
                    "use hosts with AVX2 or AVX-512"));
        }
    }

    private void threads(ProcessFacts one) {
        List<String> unset = new ArrayList<>();
        for (String name : List.of("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")) {
            if (!"1".equals(one.variables().get(name))) {
                unset.add(name);
            }
        }
        if (one.computeThreads() > 1) {
            checks.add(Check.warn(
                    "threads",
                    one.name(),
                    "one replica computes with " + one.computeThreads()
                            + " threads, which fight other replicas' for cores",
                    threadAdvice()));
        } else if (!unset.isEmpty()) {
            checks.add(Check.warn(
                    "threads", one.name(), String.join(" and ", unset) + " is not 1 in this process", threadAdvice()));
        } else {
            checks.add(Check.ok("threads", one.name(), "one for each replica"));
        }
    }

    private String threadAdvice() {
        return plan.local()
                ? "start with scripts/convoy, or export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1"
                : "spark.executorEnv.OMP_NUM_THREADS=1 and spark.executorEnv.OPENBLAS_NUM_THREADS=1";
    }

    private void malloc(ProcessFacts one) {
        String tunables = one.variables().getOrDefault("GLIBC_TUNABLES", "");
        String preload = one.variables().getOrDefault("LD_PRELOAD", "");
        if (!tunables.contains("mmap_threshold") && !preload.contains("malloc")) {
            checks.add(Check.warn(
                    "malloc",
                    one.name(),
                    "large blocks are given back after every step: an eighth of the time",
                    plan.local()
                            ? "start with scripts/convoy, which sets GLIBC_TUNABLES"
                            : "leave spark.executorEnv.GLIBC_TUNABLES as Convoy sets it"));
        }
    }

    private void names(ProcessFacts one) {
        if (!one.encoding().equalsIgnoreCase("UTF-8")) {
            checks.add(Check.warn(
                    "names of files",
                    one.name(),
                    "read as " + one.encoding() + ": those with letters beyond it are not found",
                    one.isDriver() ? "export LC_ALL=C.UTF-8" : "spark.executorEnv.LC_ALL=C.UTF-8"));
        }
    }

    private void gpus(ProcessFacts one) {
        if (plan.device().equals("cuda") && one.gpus().isEmpty()) {
            checks.add(Check.fail(
                    "GPU",
                    one.name(),
                    "no GPU is seen, but backend.device = cuda",
                    "backend.device=auto, or check nvidia-smi and the container's devices"));
        }
        boolean wanted = !plan.device().equals("cpu");
        for (String capability : one.gpus()) {
            if (wanted && plan.backend().equals("dl4j") && newer(capability)) {
                checks.add(Check.fail(
                        "GPU",
                        one.name(),
                        "its compute capability is " + capability
                                + ", for which ND4J's natives (3.7 to 8.6) have no code",
                        "backend.name=torch, built with -Ptorch-cuda"));
            }
        }
        if (wanted
                && !one.gpus().isEmpty()
                && plan.setting("spark.task.resource.gpu.amount", "").isEmpty()
                && !plan.local()) {
            checks.add(Check.warn(
                    "GPU",
                    one.name(),
                    one.gpus().size() + " GPUs, but Spark does not deal them to tasks",
                    "spark.executor.resource.gpu.amount, spark.task.resource.gpu.amount and"
                            + " spark.executor.resource.gpu.discoveryScript=conf/discover-gpus"));
        }
    }

    private static boolean newer(String capability) {
        try {
            return Double.parseDouble(capability) > ND4J_NEWEST;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private void slots() {
        long asked = all.stream()
                .filter(one -> !one.isDriver())
                .map(ProcessFacts::name)
                .distinct()
                .count();
        String wanted = plan.setting("spark.executor.instances", "");
        if (wanted.matches("[0-9]{1,6}") && Integer.parseInt(wanted) > plan.executors()) {
            checks.add(Check.warn(
                    "executors",
                    "cluster",
                    "only " + plan.executors() + " of " + wanted + " have come",
                    "look at the cluster's queue, or a smaller spark.executor.instances, spark.executor.memory or"
                            + " spark.executor.cores"));
        }
        if (!plan.local() && asked < plan.executors()) {
            checks.add(Check.warn(
                    "executors",
                    "cluster",
                    "only " + asked + " of " + plan.executors() + " answered",
                    "look at their logs, or ask again when the cluster is idle"));
        }
        plan.training().ifPresent(training -> {
            if (training.workers() > plan.slots()) {
                checks.add(Check.warn(
                        "slots",
                        "cluster",
                        training.workers() + " workers take turns in " + plan.slots() + " task slots",
                        "train.workers=" + plan.slots() + ", or more executors or cores"));
            } else {
                checks.add(Check.ok(
                        "slots", "cluster", training.workers() + " workers in " + plan.slots() + " task slots"));
            }
        });
    }

    private void settings() {
        if (plan.setting("spark.speculation", "false").equals("true")) {
            checks.add(Check.warn(
                    "speculation",
                    "cluster",
                    "slow tasks are run twice, which takes slots of workers",
                    "spark.speculation=false"));
        }
        if (plan.setting("spark.task.maxFailures", "4").equals("1")) {
            checks.add(Check.warn(
                    "retries", "cluster", "the first task that is lost ends the job", "spark.task.maxFailures=4"));
        }
        boolean allReduce = plan.training().filter(Plan.Training::allReduce).isPresent();
        if (allReduce
                && plan.setting("spark.dynamicAllocation.enabled", "false").equals("true")) {
            checks.add(Check.fail(
                    "executors",
                    "cluster",
                    "they come and go, and all-reduce needs all of them at once",
                    "spark.dynamicAllocation.enabled=false, or sync.transport=rounds"));
        }
    }

    /** What Spark asks YARN or Kubernetes for. */
    private void overhead(Plan.Training training) {
        String master = plan.setting("spark.master", "");
        if (!master.startsWith("yarn") && !master.startsWith("k8s")) {
            return;
        }
        long heap = bytes("spark.executor.memory", 1024 * MEBIBYTE);
        double share = share(master.startsWith("k8s"));
        long overhead = bytes("spark.executor.memoryOverhead", Math.max(MIN_OVERHEAD, (long) (share * heap)));
        long needed = BASE_BYTES + plan.replicaBytes(training);
        String found = String.format(
                "%,d MiB outside the heap, of which %,d may be needed by %d workers",
                overhead / MEBIBYTE, needed / MEBIBYTE, plan.workersOfExecutor(training));
        String advice = "spark.executor.memoryOverhead=" + mebibytes(needed);
        if (overhead >= needed) {
            checks.add(Check.ok("container", "executors", found));
        } else if (overhead >= plan.vectorBytes(training)) {
            checks.add(Check.warn("container", "executors", found, advice));
        } else {
            checks.add(Check.fail("container", "executors", found, advice));
        }
    }

    /** Spark's share of the heap for what lies outside of it. */
    private double share(boolean kubernetes) {
        String own = kubernetes ? plan.setting("spark.kubernetes.memoryOverheadFactor", "") : "";
        String value = plan.setting("spark.executor.memoryOverheadFactor", own);
        return value.isEmpty() ? OVERHEAD_SHARE : Double.parseDouble(value);
    }

    private long bytes(String key, long otherwise) {
        String value = plan.setting(key, "");
        return value.isEmpty() ? otherwise : JavaUtils.byteStringAsMb(value) * MEBIBYTE;
    }

    private static String mebibytes(long bytes) {
        return (bytes + MEBIBYTE - 1) / MEBIBYTE + "m";
    }

    private void memory(ProcessFacts one, Plan.Training training) {
        long replicas = plan.replicaBytes(training);
        long needed = one.heapBytes() + BASE_BYTES + replicas;
        String found = String.format(
                "%,d MiB may be needed, heap and all, of %,d", needed / MEBIBYTE, one.limitBytes() / MEBIBYTE);
        String advice =
                (plan.local() ? "a smaller heap (CONVOY_JAVA_OPTIONS=-Xmx4g)" : "a smaller spark.executor.memory")
                        + ", data.batch-size or number of cores";
        if (needed <= one.limitBytes()) {
            checks.add(Check.ok("memory", one.name(), found));
        } else if (replicas + BASE_BYTES <= one.limitBytes()) {
            checks.add(Check.warn("memory", one.name(), found, advice));
        } else {
            checks.add(Check.fail("memory", one.name(), found, advice));
        }
    }

    /** Executors that have the same limit on one host have that of the machine, unless each is in a container of its own. */
    private void hosts(Plan.Training training) {
        Map<List<Object>, List<ProcessFacts>> sharing = workers.stream()
                .collect(Collectors.groupingBy(
                        one -> List.of(one.host(), one.limitBytes()), LinkedHashMap::new, Collectors.toList()));
        for (List<ProcessFacts> together : sharing.values()) {
            long needed = together.stream()
                    .mapToLong(one -> one.heapBytes() + BASE_BYTES + plan.replicaBytes(training))
                    .sum();
            long limit = together.get(0).limitBytes();
            if (together.size() > 1 && needed > limit) {
                checks.add(Check.warn(
                        "memory",
                        together.get(0).host(),
                        String.format(
                                "its %d executors may need %,d MiB together of %,d, unless each has a container of its own",
                                together.size(), needed / MEBIBYTE, limit / MEBIBYTE),
                        "a smaller spark.executor.memory, data.batch-size or number of executors on a host"));
            }
        }
    }

    private void shared(ProcessFacts one, Plan.Training training) {
        if (!training.allReduce() || !training.sharedByHost()) {
            return;
        }
        long workersOfHost = plan.workersOfExecutor(training)
                * Math.max(
                        1,
                        workers.stream()
                                .filter(other -> other.host().equals(one.host()))
                                .count());
        long held = plan.onGpu() ? 0 : training.heldBytes();
        // One vector of each worker, what they hold together, and one for a sum that other hosts need, or that nobody
        // moves in parts.
        boolean summed = held == 0 || workersOfHost < training.workers();
        long needed = (Math.min(workersOfHost, training.workers()) + (summed ? 1 : 0)) * training.summedBytes() + held;
        if (one.sharedBytes() < needed) {
            checks.add(Check.fail(
                    "/dev/shm",
                    one.name(),
                    String.format(
                            "%,d MiB are free, but sums of a host need %,d",
                            Math.max(0, one.sharedBytes()) / MEBIBYTE, needed / MEBIBYTE + 1),
                    "sync.shared-memory=executor, or a larger /dev/shm"
                            + " (spark.kubernetes.executor.volumes.emptyDir.shm.mount.path=/dev/shm)"));
        } else {
            checks.add(Check.ok("/dev/shm", one.name(), one.sharedBytes() / MEBIBYTE + " MiB free"));
        }
    }

    private void images(Plan.Training training) {
        if (training.imageBytes() < 0) {
            return;
        }
        long share = training.imageBytes() / Math.max(1, workers.size());
        for (ProcessFacts one : workers) {
            if (training.cache().equals("memory") && share > CACHE_SHARE * one.heapBytes()) {
                checks.add(Check.warn(
                        "images",
                        one.name(),
                        String.format("its share of images has %,d MiB, more than half of its heap", share / MEBIBYTE),
                        "data.cache=disk, or a larger spark.executor.memory"));
            } else if (!training.cache().equals("memory") && share > one.scratchBytes()) {
                checks.add(Check.fail(
                        "images",
                        one.name(),
                        String.format(
                                "its share of images has %,d MiB, but %,d are free on disk",
                                share / MEBIBYTE, one.scratchBytes() / MEBIBYTE),
                        "spark.local.dir on a larger disk"));
            }
        }
    }

    /**
     * Compares what settings alone tell.
     *
     * @return what is not as it should be
     */
    public static List<Check> ofSettings(Plan plan) {
        Diagnosis diagnosis = new Diagnosis(plan, List.of());
        diagnosis.settings();
        plan.training().ifPresent(diagnosis::overhead);
        return diagnosis.checks.stream()
                .filter(check -> check.level() != Check.Level.OK)
                .toList();
    }

    /**
     * Compares clocks.
     *
     * @param name whose
     * @param millis its time
     * @param before the driver's time before it was asked
     * @param after the driver's time after it had answered
     */
    public static Optional<Check> clock(String name, long millis, long before, long after) {
        long off = Math.max(before - millis, millis - after);
        return off <= SKEW_MILLIS
                ? Optional.empty()
                : Optional.of(Check.warn(
                        "clock",
                        name,
                        "differs from the driver's by " + off + " ms or more: leases and logs go by it",
                        "run a time service (chrony, ntpd) on that host"));
    }
}
