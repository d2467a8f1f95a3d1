package dev.convoy.data.natives;

import dev.convoy.data.ConvoyException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;

/**
 * The native libraries of one folder of a jar of the class path.
 *
 * @param file the jar, which the class loader has open
 * @param path the folder in the jar, with a slash at its end and none at its beginning
 * @param libraries the folder's libraries, by name
 */
record LibraryJar(JarFile file, String path, List<ZipEntry> libraries) {
    private static final Pattern LIBRARY = Pattern.compile("[^/]+\\.so[^/]*");

    /**
     * Finds a folder of the class path.
     *
     * @param path of the folder, as {@link Class#getResource} takes it
     * @param marker a file that the folder has
     * @return empty if the class path has no such file, or not in a jar
     */
    static Optional<LibraryJar> of(String path, String marker) {
        URL found = LibraryJar.class.getResource(path + "/" + marker);
        try {
            URLConnection connection = found == null ? null : found.openConnection();
            if (!(connection instanceof JarURLConnection jar)) {
                return Optional.empty();
            }
            String prefix = path.substring(1) + "/";
            JarFile file = jar.getJarFile();
            return Optional.of(new LibraryJar(
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

    /** Answers the name of the jar's file. */
    String name() {
        return new File(file.getName()).getName();
    }

    /** Answers where below its folder JavaCPP looks for these libraries. */
    Path target(Path folder) {
        return folder.resolve(name()).resolve(path);
    }

    /**
     * Unpacks what the folder lacks, under a lock that processes share; a library appears whole.
     *
     * @throws IOException if the folder cannot be written, or is full
     */
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
