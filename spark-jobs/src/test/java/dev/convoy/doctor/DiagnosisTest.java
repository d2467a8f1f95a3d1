package dev.convoy.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.model.MemoryEstimate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A cluster that is well, and one mistake at a time. */
class DiagnosisTest {
    private static final long MEBIBYTE = 1 << 20;

    /** Facts that can be changed. */
    private static final class Process {
        String name = "executor 0 on a";
        String convoy = "1.0";
        String java = "17.0.15";
        String spark = "3.5.5";
        String processor = "a processor";
        List<String> flags = List.of("avx2", "avx512f");
        String encoding = "UTF-8";
        long limit = 16384 * MEBIBYTE;
        long shared = 4096 * MEBIBYTE;
        long scratch = 100_000 * MEBIBYTE;
        Map<String, String> variables = new HashMap<>(Map.of(
                "OMP_NUM_THREADS",
                "1",
                "OPENBLAS_NUM_THREADS",
                "1",
                "GLIBC_TUNABLES",
                "glibc.malloc.mmap_threshold=1"));
        int threads = 1;
        String error = "";
        List<String> gpus = List.of();

        ProcessFacts facts() {
            return new ProcessFacts(
                    name,
                    "a",
                    Map.of("convoy", convoy, "java", java, "spark", spark),
                    processor,
                    flags,
                    encoding,
                    4096 * MEBIBYTE,
                    limit,
                    shared,
                    scratch,
                    variables,
                    threads,
                    error,
                    gpus);
        }
    }

    /** A plan that can be changed. */
    private static final class Case {
        final Map<String, String> settings =
                new HashMap<>(Map.of("spark.master", "yarn", "spark.executor.memoryOverhead", "4g"));
        final Process driver = new Process();
        final Process first = new Process();
        final Process second = new Process();
        int executors = 2;
        String backend = "torch";
        String device = "auto";
        int workers = 4;
        boolean allReduce = true;
        String cache = "memory";
        long images = 1000 * MEBIBYTE;

        Case() {
            driver.name = "driver on a";
            second.name = "executor 1 on a";
        }

        List<Check> checks() {
            Plan.Training training = new Plan.Training(
                    workers,
                    new MemoryEstimate(100 * MEBIBYTE, 200 * MEBIBYTE),
                    40 * MEBIBYTE,
                    120 * MEBIBYTE,
                    allReduce,
                    true,
                    cache,
                    images);
            Plan plan = new Plan(settings, false, 4, executors, backend, device, Optional.of(training));
            return Diagnosis.of(plan, List.of(driver.facts(), first.facts(), second.facts()));
        }
    }

    private static List<String> problems(Case found) {
        List<String> problems = new ArrayList<>();
        for (Check check : found.checks()) {
            if (check.level() != Check.Level.OK) {
                problems.add(check.level() + " " + check.subject() + " -> " + check.advice());
            }
        }
        return problems;
    }

    @Test
    void aClusterThatIsWellHasNoProblem() {
        assertThat(problems(new Case())).isEmpty();
    }

    /**
     * A mistake.
     *
     * @param problem how the one problem begins that it makes
     */
    private record Mistake(String problem, UnaryOperator<Case> planted) {
        @Override
        public String toString() {
            return problem;
        }
    }

    private interface Planting {
        void in(Case healthy);
    }

    private static Mistake mistake(String problem, Planting planting) {
        return new Mistake(problem, healthy -> {
            planting.in(healthy);
            return healthy;
        });
    }

    static Stream<Mistake> mistakes() {
        return Stream.of(
                mistake(
                        "FAIL version of Convoy -> give all of them one convoy.jar",
                        some -> some.second.convoy = "0.9"),
                mistake("FAIL version of Spark -> install one Spark", some -> some.first.spark = "3.4.0"),
                mistake("WARN version of Java -> install one JDK 17", some -> some.second.java = "17.0.1"),
                mistake("WARN processor -> bits are the same", some -> some.second.processor = "another"),
                mistake("WARN processor -> use hosts with AVX2", some -> some.second.flags = List.of()),
                mistake(
                        "FAIL natives -> see what the message says",
                        some -> some.first.error =
                                "this process has loaded /usr/lib/libtorch_cpu.so beside Convoy's own"),
                mistake(
                        "WARN threads -> spark.executorEnv.OMP_NUM_THREADS=1 and spark.executorEnv.OPENBLAS_NUM_THREADS=1",
                        some -> some.first.threads = 8),
                mistake(
                        "WARN threads -> spark.executorEnv.OMP_NUM_THREADS=1",
                        some -> some.second.variables.remove("OPENBLAS_NUM_THREADS")),
                mistake(
                        "WARN malloc -> leave spark.executorEnv.GLIBC_TUNABLES",
                        some -> some.second.variables.remove("GLIBC_TUNABLES")),
                mistake(
                        "WARN names of files -> spark.executorEnv.LC_ALL=C.UTF-8",
                        some -> some.second.encoding = "ANSI_X3.4-1968"),
                mistake(
                        "FAIL container -> spark.executor.memoryOverhead=1200m",
                        some -> some.settings.put("spark.executor.memoryOverhead", "100m")),
                mistake(
                        "WARN container -> spark.executor.memoryOverhead=1200m",
                        some -> some.settings.remove("spark.executor.memoryOverhead")),
                mistake("WARN memory -> a smaller spark.executor.memory", some -> some.first.limit = 5000 * MEBIBYTE),
                mistake("FAIL memory -> a smaller spark.executor.memory", some -> some.first.limit = 1000 * MEBIBYTE),
                mistake("FAIL /dev/shm -> sync.shared-memory=executor", some -> some.second.shared = 64 * MEBIBYTE),
                mistake("FAIL images -> spark.local.dir on a larger disk", some -> {
                    some.cache = "disk";
                    some.second.scratch = 100 * MEBIBYTE;
                }),
                mistake("WARN images -> data.cache=disk", some -> {
                    some.images = 100_000 * MEBIBYTE;
                    some.second.scratch = 0;
                }),
                mistake("WARN slots -> train.workers=4", some -> some.workers = 5),
                mistake("WARN executors -> look at their logs", some -> some.second.name = some.first.name),
                mistake(
                        "WARN executors -> look at the cluster's queue",
                        some -> some.settings.put("spark.executor.instances", "5")),
                mistake(
                        "FAIL executors -> spark.dynamicAllocation.enabled=false",
                        some -> some.settings.put("spark.dynamicAllocation.enabled", "true")),
                mistake(
                        "WARN speculation -> spark.speculation=false",
                        some -> some.settings.put("spark.speculation", "true")),
                mistake(
                        "WARN retries -> spark.task.maxFailures=4",
                        some -> some.settings.put("spark.task.maxFailures", "1")),
                mistake("FAIL GPU -> backend.device=auto", some -> {
                    some.device = "cuda";
                    some.settings.put("spark.task.resource.gpu.amount", "1");
                    some.first.gpus = List.of("8.6");
                }),
                mistake("FAIL GPU -> backend.name=torch", some -> {
                    some.backend = "dl4j";
                    some.settings.put("spark.task.resource.gpu.amount", "1");
                    some.first.gpus = List.of("9.0");
                }),
                mistake("WARN GPU -> spark.executor.resource.gpu.amount", some -> some.second.gpus = List.of("9.0")));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void everyMistakeIsFoundWithTheSettingToChange(Mistake mistake) {
        List<String> problems = problems(mistake.planted.apply(new Case()));
        assertThat(problems).isNotEmpty().allMatch(problem -> problem.startsWith(mistake.problem));
    }

    @Test
    void clocksMayDifferByLessThanTwoSeconds() {
        assertThat(Diagnosis.clock("one", 0, -1000, 500)).isEmpty();
        assertThat(Diagnosis.clock("one", 0, 2500, 3000).orElseThrow().finding())
                .contains("2500 ms");
        assertThat(Diagnosis.clock("one", 0, -9000, -7000).orElseThrow().finding())
                .contains("7000 ms");
    }

    @Test
    void executorsOfAHostAreSummed() {
        Case two = new Case();
        two.first.limit = 6000 * MEBIBYTE;
        two.second.limit = two.first.limit;
        assertThat(problems(two))
                .singleElement()
                .asString()
                .startsWith("WARN memory -> a smaller spark.executor.memory");
        two.second.limit++;
        assertThat(problems(two)).as("containers of their own").isEmpty();
    }

    /** What is not certain must not keep a training from beginning. */
    @Test
    void trainingIsRefusedForWhatIsCertainAlone() {
        Case few = new Case();
        few.settings.put("spark.executor.memoryOverhead", "150m");
        assertThat(refusals(few)).containsExactly("container");
        few.workers = 1;
        assertThat(refusals(few)).as("one replica of 100 MiB").isEmpty();
        few.workers = 4;
        few.device = "cuda";
        assertThat(refusals(few)).as("replicas are on GPUs").isEmpty();
        Case factor = new Case();
        factor.settings.remove("spark.executor.memoryOverhead");
        factor.settings.put("spark.executor.memory", "4g");
        assertThat(problems(factor)).anyMatch(problem -> problem.startsWith("WARN container"));
        factor.settings.put("spark.executor.memoryOverheadFactor", "0.4");
        assertThat(problems(factor)).isEmpty();
    }

    private static List<String> refusals(Case some) {
        Plan.Training training = new Plan.Training(
                some.workers,
                new MemoryEstimate(100 * MEBIBYTE, 200 * MEBIBYTE),
                40 * MEBIBYTE,
                120 * MEBIBYTE,
                some.allReduce,
                true,
                some.cache,
                -1);
        Plan plan = new Plan(some.settings, false, 4, some.executors, some.backend, some.device, Optional.of(training));
        return Diagnosis.ofSettings(plan).stream()
                .filter(check -> check.level() == Check.Level.FAIL)
                .map(Check::subject)
                .toList();
    }
}
