package dev.convoy.data.natives;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The libraries that this process has mapped, as far as a second copy of them does harm. */
final class MappedLibraries {
    /** Names libraries of which a second copy in a process computes wrong or crashes it. */
    private static final Pattern GUARDED =
            Pattern.compile("lib(torch\\w*|c10\\w*|openblas\\w*|opencv_\\w+|nd4j\\w+|gomp|omp|iomp5)[.-].*");

    private MappedLibraries() {}

    /** Asks whether the process has mapped a library that JavaCPP brings along. */
    static boolean haveJavaCpps() {
        return mapped().values().stream().flatMap(Set::stream).anyMatch(file -> file.contains("/org/bytedeco/"));
    }

    /**
     * Refuses a second copy of a library.
     *
     * @param folder where Convoy's own copies lie
     * @throws ConvoyException if the process has mapped a guarded library from elsewhere
     */
    static void checkNoneBeside(Path folder) {
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

    /** Answers the files of the mapped libraries, by the stems of their names. */
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
                            file -> stem(nameOf(file)), TreeMap::new, Collectors.toCollection(TreeSet::new)));
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
}
