package dev.convoy.data;

import dev.convoy.storage.UserId;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
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

    private static final Set<PosixFilePermission> OWN = PosixFilePermissions.fromString("rwx------");
    private static final FileAttribute<?> PRIVATE = PosixFilePermissions.asFileAttribute(OWN);
    private static final String CACHE_PROPERTY = "org.bytedeco.javacpp.cachedir";
    private static final Pattern LIBRARY = Pattern.compile("[^/]+\\.so[^/]*");
    /** Names libraries of which a second copy in a process computes wrong or crashes it. */
    private static final Pattern GUARDED =
            Pattern.compile("lib(torch\\w*|c10\\w*|openblas\\w*|opencv_\\w+|nd4j\\w+|gomp|omp|iomp5)[.-].*");

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
            checkForeign();
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
        Optional<Jar> jar = jar(extension);
        if (jar.isEmpty()) {
            // Not on this class path: JavaCPP says so in its own words.
            return;
        }
        try {
            if (folder == null) {
                folder = isJavaCppInUse() ? Loader.getCacheDir().toPath().toRealPath() : chooseFolder();
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

    private Optional<Jar> jar(String extension) {
        // Builds for GPUs have a name of their own, beside which none for CPUs lies.
        return Stream.of(extension, "-gpu")
                .map(suffix -> String.format(resources, Loader.getPlatform() + suffix))
                .flatMap(path -> Jar.of(path, marker).stream())
                .findFirst();
    }

    /** The libraries of one folder of a jar. */
    private record Jar(JarFile file, String path, List<ZipEntry> libraries) {
        static Optional<Jar> of(String path, String marker) {
            URL found = Natives.class.getResource(path + "/" + marker);
            try {
                URLConnection connection = found == null ? null : found.openConnection();
                if (!(connection instanceof JarURLConnection jar)) {
                    return Optional.empty();
                }
                String prefix = path.substring(1) + "/";
                JarFile file = jar.getJarFile();
                return Optional.of(new Jar(
                        file,
                        prefix,
                        file.stream()
                                .filter(entry -> entry.getName().startsWith(prefix)
                                        && LIBRARY.matcher(entry.getName().substring(prefix.length()))
                                                .matches())
                                .sorted(Comparator.comparing(ZipEntry::getName))
                                .map(ZipEntry.class::cast)
                                .toList()));
            } catch (IOException e) {
                throw new ConvoyException("Cannot read the native libraries in " + found + ": " + e.getMessage(), e);
            }
        }

        String name() {
            return new File(file.getName()).getName();
        }

        /** Where JavaCPP looks for them. */
        Path target(Path folder) {
            return folder.resolve(name()).resolve(path);
        }

        void unpack(Path folder) throws IOException {
            Path target = target(folder);
            if (libraries.stream().allMatch(library -> isUnpacked(target, library))) {
                return;
            }
            Files.createDirectories(target);
            try (FileChannel channel = FileChannel.open(
                            folder.resolve(".convoy.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                for (ZipEntry library : libraries) {
                    if (!isUnpacked(target, library)) {
                        unpack(target, library);
                    }
                }
            }
        }

        /** Asks what JavaCPP asks before it unpacks a library. */
        private static boolean isUnpacked(Path target, ZipEntry library) {
            File file = target.resolve(nameOf(library)).toFile();
            return file.length() == library.getSize() && file.lastModified() == library.getTime();
        }

        private void unpack(Path target, ZipEntry library) throws IOException {
            Path next = Files.createTempFile(target, ".unpacking-", ".tmp");
            try (InputStream in = file.getInputStream(library)) {
                Files.copy(in, next, StandardCopyOption.REPLACE_EXISTING);
                Files.setLastModifiedTime(next, FileTime.fromMillis(library.getTime()));
                Files.move(next, target.resolve(nameOf(library)), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(next);
            }
        }

        private static String nameOf(ZipEntry library) {
            return library.getName().substring(library.getName().lastIndexOf('/') + 1);
        }
    }

    /** Asks whether somebody has used JavaCPP in this process before Convoy did; it has then chosen its folder. */
    private static boolean isJavaCppInUse() {
        return mapped().values().stream().flatMap(Set::stream).anyMatch(file -> file.contains("/org/bytedeco/"));
    }

    private static Path chooseFolder() throws IOException {
        List<String> refused = new ArrayList<>();
        for (String parent : parents()) {
            Path chosen = Path.of(parent).toAbsolutePath().resolve("natives-" + key());
            try {
                if (chosen.startsWith(System.getProperty("java.io.tmpdir"))) {
                    // Anybody may have made it there, and could exchange what lies in it.
                    checkOwner(Files.createDirectories(chosen.getParent(), PRIVATE));
                }
                return privateFolder(chosen).toRealPath();
            } catch (IOException e) {
                refused.add(chosen + " (" + e + ")");
            }
        }
        throw new IOException("none of these can be used: " + String.join(", ", refused));
    }

    private static List<String> parents() {
        String told = Stream.of(
                        System.getProperty(FOLDER_PROPERTY),
                        System.getProperty(CACHE_PROPERTY),
                        System.getenv("CONVOY_NATIVES"))
                .filter(name -> name != null && !name.isEmpty())
                .findFirst()
                .orElse(null);
        // Who names a folder wants no other.
        return told != null
                ? List.of(told)
                : Stream.of(
                                System.getProperty("user.home") + "/.cache/convoy",
                                System.getProperty("java.io.tmpdir") + "/convoy-" + userId())
                        // Of a user without a home Java says "?".
                        .filter(parent -> Path.of(parent).isAbsolute())
                        .toList();
    }

    /** Makes a folder that nobody else may enter; one that is there must be so. */
    private static Path privateFolder(Path wanted) throws IOException {
        if (!Files.isDirectory(wanted)) {
            Files.createDirectories(wanted, PRIVATE);
        }
        checkOwner(wanted);
        Files.setPosixFilePermissions(wanted, OWN);
        if (!Files.isWritable(wanted)) {
            throw new IOException("it cannot be written");
        }
        return wanted;
    }

    /** A link may be turned to somebody else's later. */
    private static void checkOwner(Path folder) throws IOException {
        if (!Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(userId())) {
            throw new IOException(folder + " belongs to another user");
        }
        if (Files.isSymbolicLink(folder)) {
            throw new IOException(folder + " is a link");
        }
    }

    private static Object userId() {
        return UserId.ofProcess().orElse(System.getProperty("user.name"));
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

    /** Libraries that this process has mapped, by the names of their files. */
    private static Map<String, Set<String>> mapped() {
        try {
            // In the characters that names of files are read in; where they are no such characters, with marks in their
            // places.
            String maps = new String(
                    Files.readAllBytes(Path.of("/proc/self/maps")),
                    Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
            return maps.lines()
                    .map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/')))
                    .filter(file -> GUARDED.matcher(nameOf(file)).matches())
                    .collect(Collectors.groupingBy(
                            file -> stem(nameOf(file)), TreeMap::new, Collectors.toCollection(java.util.TreeSet::new)));
        } catch (IOException e) {
            // Not Linux.
            return new TreeMap<>();
        }
    }

    private static String nameOf(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static String stem(String name) {
        Matcher matcher = GUARDED.matcher(name);
        return matcher.matches() ? matcher.group(1) : name;
    }

    private static void checkForeign() {
        if (folder == null) {
            return;
        }
        mapped().forEach((library, files) -> files.stream()
                .filter(file -> !file.startsWith(folder + "/"))
                .findFirst()
                .ifPresent(foreign -> {
                    String own = files.stream()
                            .filter(file -> file.startsWith(folder + "/"))
                            .findFirst()
                            .orElse(folder.toString());
                    throw new ConvoyException("Cannot use native libraries: this process has loaded " + foreign
                            + " beside Convoy's own " + own + "; take it out of LD_LIBRARY_PATH, LD_PRELOAD and"
                            + " java.library.path");
                }));
    }
}
