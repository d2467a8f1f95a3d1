package dev.convoy.model.backend.dl4j;

import dev.convoy.data.natives.Natives;
import dev.convoy.model.backend.ComputeBackend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.deeplearning4j.util.CrashReportingUtil;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses ND4J's natives by the CPU's flags and bounds their threads; once per process, before ND4J is first touched.
 * oneDNN is in the natives for AVX2 and AVX-512 alone; other CPUs get the plain ones.
 */
final class NativeLibraries {
    /** JavaCPP's own property; a value given on the command line wins. */
    static final String EXTENSION_PROPERTY = "org.bytedeco.javacpp.platform.extension";

    private static final Logger LOG = LoggerFactory.getLogger(NativeLibraries.class);
    private static final Set<String> AVX512 = Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl");
    private static final Set<String> AVX2 = Set.of("avx2", "fma");

    private static boolean loaded;

    private NativeLibraries() {}

    static synchronized void load() {
        if (loaded) {
            return;
        }
        if (System.getProperty(EXTENSION_PROPERTY) == null) {
            System.setProperty(EXTENSION_PROPERTY, extensionFor(cpuFlags()));
            // Whoever loaded natives before us made JavaCPP remember the property's absence.
            Loader.loadProperties(true);
        }
        try {
            Natives.ND4J.load(Objects.requireNonNullElse(System.getProperty(EXTENSION_PROPERTY), ""));
            Nd4j.create(1).close();
        } catch (LinkageError | RuntimeException e) {
            throw ComputeBackend.nativesMissing("ND4J", "nd4j-native", e);
        }
        // Reports of full memory would need libraries that are left out.
        CrashReportingUtil.crashDumpsEnabled(false);
        // BLAS is the process's, and ND4J has just given it a thread for each core: libtorch's replicas may be there
        // already.
        openblas.blas_set_num_threads(1);
        loaded = true;
        LOG.info(
                "ND4J natives: {}{}, {}",
                Loader.getPlatform(),
                System.getProperty(EXTENSION_PROPERTY),
                Nd4j.getExecutioner().getEnvironmentInformation().getProperty("backend"));
    }

    /**
     * Keeps ND4J, oneDNN and BLAS to one thread for what the calling thread does: more would fight the other replicas for
     * cores. OpenMP keeps its number per calling thread, so every owner of a replica calls this.
     */
    static void useOneThread() {
        Nd4j.getEnvironment().setMaxThreads(1);
        Nd4j.getEnvironment().setMaxMasterThreads(1);
        NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
        openblas.blas_set_num_threads(1);
    }

    /** Whether ND4J computes on GPUs, which the natives on the class path decide. */
    static boolean isCuda() {
        return "CUDA".equals(Nd4j.getExecutioner().getEnvironmentInformation().getProperty("backend"));
    }

    /** The suffix of the natives that suit a CPU with these flags. */
    static String extensionFor(Set<String> flags) {
        if (flags.containsAll(AVX512)) {
            return "-onednn-avx512";
        }
        return flags.containsAll(AVX2) ? "-onednn-avx2" : "";
    }

    private static Set<String> cpuFlags() {
        Path cpuInfo = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(cpuInfo)) {
            return Set.of();
        }
        try {
            List<String> lines = Files.readAllLines(cpuInfo);
            return lines.stream()
                    .filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> Set.copyOf(List.of(
                            line.substring(line.indexOf(':') + 1).strip().split("\\s+"))))
                    .orElse(Set.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
