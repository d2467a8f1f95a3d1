package dev.convoy.model.backend.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.TestBatches;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.Set;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.junit.jupiter.api.Test;
import org.nd4j.nativeblas.NativeOpsHolder;

class NativeLibrariesTest {
    /** Bounds that hold in the running process, whatever the environment says. */
    @Test
    void aReplicaUsesOneThread() throws InterruptedException {
        int[] threads = new int[2];
        ImageShape shape = new ImageShape(1, 4, 4);
        Normalization normalization = new Normalization(new float[] {0}, new float[] {1});
        Thread owner = new Thread(() -> {
            try (Replica replica =
                    new Dl4jBackend().newReplica(NamedNetwork.MLP.spec(3).bind(shape), normalization)) {
                replica.outputs(TestBatches.classes(shape, 2, 3));
                threads[0] = NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads();
                threads[1] = openblas.blas_get_num_threads();
            }
        });
        owner.start();
        owner.join(60_000);
        assertThat(threads).containsExactly(1, 1);
    }

    @Test
    void nativesFollowTheFlagsOfTheCpu() {
        Set<String> avx2 = Set.of("sse4_2", "avx", "avx2", "fma");
        assertThat(NativeLibraries.extensionFor(Set.of("sse4_2", "avx"))).isEmpty();
        assertThat(NativeLibraries.extensionFor(avx2)).isEqualTo("-onednn-avx2");
        assertThat(NativeLibraries.extensionFor(Set.of("avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl")))
                .isEqualTo("-onednn-avx512");
        NativeLibraries.load();
        assertThat(Loader.loadProperties().getProperty("platform.extension"))
                .isEqualTo(System.getProperty(NativeLibraries.EXTENSION_PROPERTY));
    }
}
