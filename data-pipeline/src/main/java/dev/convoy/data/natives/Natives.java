package dev.convoy.data.natives;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * The native libraries that Convoy brings along. Before any of an engine's is loaded, all of them are unpacked into a
 * folder that only its user may enter; files appear whole, and one process unpacks at a time. They are then loaded by
 * their absolute paths, each after what it needs, so that no library of the system's takes a place among them.
 *
 * <p>The folder is {@code natives-<key>} in the first that can be written of: the system property {@value
 * #FOLDER_PROPERTY}, JavaCPP's {@code org.bytedeco.javacpp.cachedir}, the environment's {@code CONVOY_NATIVES}, {@code
 * .cache/convoy} in the user's home, and {@code convoy-<user id>} in {@code java.io.tmpdir}. The key tells builds
 * apart. JavaCPP finds its files there and unpacks nothing itself.
 */
public enum Natives {
    OPENBLAS(
            "/org/bytedeco/openblas/%s",
            "libjniopenblas.so", List.of("libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0")),
    OPENCV(
            "/org/bytedeco/opencv/%s",
            "libjniopencv_core.so",
            List.of("libopencv_core.so.413", "libopencv_imgproc.so.413", "libopencv_imgcodecs.so.413")),
    TORCH("/org/bytedeco/pytorch/%s", "libjnitorch.so", List.of("libgomp.so.1", "libc10.so", "libtorch_cpu.so")),
    ND4J("/org/nd4j/linalg/cpu/nativecpu/bindings/%s", "libjnind4jcpu.so", List.of("libgomp.so.1", "libnd4jcpu.so"));

    /** Where natives are unpacked, if that is set. */
    public static final String FOLDER_PROPERTY = "convoy.natives";

    /** Where JavaCPP unpacks. */
    static final String CACHE_PROPERTY = "org.bytedeco.javacpp.cachedir";

    private static final Set<String> LOADED = new HashSet<>();
    private static Path folder;

    private final String resources;
    private final String marker;
    private final List<String> order;

    /**
     * @param resources where the class path has them, for a platform
     * @param marker one that all builds have
     * @param order what is loaded by path, each after what it needs; those that a build has not are passed over
     */
    Natives(String resources, String marker, List<String> order) {
        this.resources = resources;
        this.marker = marker;
        this.order = order;
    }

    /**
     * Unpacks and loads the engine's libraries, and OpenBLAS before them; does nothing the second time.
     *
     * @throws ConvoyException if there is no folder for them, or the process has a foreign copy of one of them
     */
    public void load() {
        load("");
    }

    /**
     * Unpacks and loads one of several builds of the engine's libraries, as {@link #load()} does.
     *
     * @param extension that tells builds apart, as JavaCPP has it
     */
    public void load(String extension) {
        synchronized (Natives.class) {
            Loading.begin();
            if (this != OPENBLAS) {
                OPENBLAS.open("");
            }
            open(extension);
            if (folder != null) {
                MappedLibraries.checkNoneBeside(folder);
            }
        }
    }

    /** Tells JavaCPP what it only takes before it is first used. */
    private static final class Loading {
        static {
            // JavaCPP would end a process that has four times the heap resident, whatever its container allows.
            setUnlessSet("org.bytedeco.javacpp.maxPhysicalBytes", "0");
            setUnlessSet("org.bytedeco.javacpp.maxBytes", "0");
        }

        static void begin() {
            // Loading the class did it.
        }

        private static void setUnlessSet(String property, String value) {
            if (System.getProperty(property) == null) {
                System.setProperty(property, value);
            }
        }
    }

    private void open(String extension) {
        Optional<LibraryJar> jar = jar(extension);
        if (jar.isEmpty()) {
            // Not on this class path: JavaCPP says so in its own words.
            return;
        }
        try {
            if (folder == null) {
                // Who has used JavaCPP in this process before Convoy did has made it choose its folder.
                folder = MappedLibraries.haveJavaCpps()
                        ? Loader.getCacheDir().toPath().toRealPath()
                        : PrivateFolder.choose("natives-" + key());
                System.setProperty(CACHE_PROPERTY, folder.toString());
            }
            jar.get().unpack(folder);
            for (String library : order) {
                Path file = jar.get().target(folder).resolve(library);
                // Two engines bring the same OpenMP along, of which a process should have one.
                if (Files.exists(file) && LOADED.add(library)) {
                    System.load(file.toString());
                }
            }
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot unpack native libraries" + (folder == null ? "" : " into " + folder) + ": " + e
                            + "; make space there, or set the"
                            + " environment variable CONVOY_NATIVES to a folder on a local disk",
                    e);
        }
    }

    private Optional<LibraryJar> jar(String extension) {
        // Builds for GPUs have a name of their own, beside which none for CPUs lies.
        return Stream.of(extension, "-gpu")
                .map(suffix -> String.format(resources, Loader.getPlatform() + suffix))
                .flatMap(path -> LibraryJar.of(path, marker).stream())
                .findFirst();
    }

    /**
     * Tells apart what the class path can hold; times are as this process's time zone reads them, and JavaCPP compares
     * them.
     */
    private static String key() {
        MessageDigest digest = Sha256.digest();
        for (Natives engine : values()) {
            engine.jar("").ifPresent(jar -> jar.libraries()
                    .forEach(library ->
                            digest.update((jar.name() + library.getName() + library.getCrc() + library.getTime())
                                    .getBytes(StandardCharsets.UTF_8))));
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 6);
    }
}
