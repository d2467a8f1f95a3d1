package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.RemoteIterator;

/** Answers what sources ask file systems. */
final class HadoopFiles {
    private HadoopFiles() {}

    /**
     * Finds what a path names: the file or folder of that name, or else what matches it as a pattern of Hadoop's
     * ({@code *}, <code>{a,b}</code>, {@code [0-9]}), in the order of paths.
     *
     * @throws ConvoyException if there is nothing
     */
    static List<FileStatus> named(Configuration hadoop, String path) throws IOException {
        Path pattern = new Path(path);
        FileSystem files = pattern.getFileSystem(hadoop);
        try {
            return List.of(files.getFileStatus(pattern));
        } catch (FileNotFoundException e) {
            FileStatus[] found = isPattern(path) ? files.globStatus(pattern) : null;
            List<FileStatus> matches = Stream.ofNullable(found)
                    .flatMap(Stream::of)
                    .filter(match -> !isHidden(files.makeQualified(pattern), match.getPath()))
                    .sorted()
                    .toList();
            if (matches.isEmpty()) {
                throw new ConvoyException("Cannot find " + path + "; check the path", e);
            }
            return matches;
        }
    }

    private static boolean isPattern(String path) {
        return path.matches(".*[*?\\[{].*");
    }

    /** Whether a name begins with a dot or an underscore, as those of no data do. */
    static boolean isHidden(String name) {
        return name.startsWith(".") || name.startsWith("_");
    }

    /** Whether a pattern has matched what is hidden without asking for it. */
    private static boolean isHidden(Path pattern, Path match) {
        if (!FolderSource.isHiddenFile(match.getName()) && isHidden(match.getName())) {
            // An image that a camera has named.
            return isHidden(pattern.getParent(), match.getParent());
        }
        Path literal = pattern;
        while (literal != null && isPattern(literal.toString())) {
            literal = literal.getParent();
        }
        Path asked = pattern;
        for (Path at = match;
                at != null && asked != null && !at.equals(literal);
                at = at.getParent(), asked = asked.getParent()) {
            if (isHidden(at.getName()) && !isHidden(asked.getName())) {
                return true;
            }
        }
        return false;
    }

    /** What a folder has: another, or a file. */
    record Child(String name, boolean isFolder) {}

    /** The names of what a folder has, in their order. */
    static List<String> children(FileSystem files, Path folder, Predicate<Child> wanted) throws IOException {
        // Names alone, since a folder may hold a million.
        List<String> names = new ArrayList<>();
        each(files, folder, child -> {
            if (wanted.test(child)) {
                names.add(child.name);
            }
        });
        Collections.sort(names);
        return names;
    }

    private static void each(FileSystem files, Path folder, Consumer<Child> use) throws IOException {
        if (isPlainLocal(files)) {
            File local = new File(files.makeQualified(folder).toUri().getPath());
            String[] names = local.list();
            if (names != null) {
                // Hadoop asks for sizes and times too, one by one.
                for (String name : names) {
                    File child = new File(local, name);
                    boolean isFile = child.isFile();
                    if (isFile || child.exists()) {
                        use.accept(new Child(name, !isFile && child.isDirectory()));
                    }
                }
                return;
            }
        }
        RemoteIterator<FileStatus> all = files.listStatusIterator(folder);
        while (all.hasNext()) {
            FileStatus child = all.next();
            use.accept(new Child(child.getPath().getName(), child.isDirectory()));
        }
    }

    /** Whether Java's way to a file is as good as Hadoop's; not where somebody has put a file system of his own. */
    static boolean isPlainLocal(FileSystem files) {
        return files.getClass() == LocalFileSystem.class || files.getClass() == RawLocalFileSystem.class;
    }

    /** Where a folder really is, if links can lead to it. */
    static Optional<java.nio.file.Path> real(FileSystem files, Path folder) throws IOException {
        return isPlainLocal(files)
                ? Optional.of(java.nio.file.Path.of(
                                files.makeQualified(folder).toUri().getPath())
                        .toRealPath())
                : Optional.empty();
    }

    /** What has a name in a folder, even a name with a colon. */
    static Path child(Path folder, String name) {
        return new Path(folder, new Path(null, null, name));
    }

    /** As {@link #child}, for files of which there may be a million, as text. */
    static UnaryOperator<String> childrenOf(Path folder) {
        String parent = folder.isRoot() ? folder.toString() : folder + Path.SEPARATOR;
        return name -> parent + name;
    }

    /** Finds the files that a path names: a file, all in a folder that are not hidden, or what matches a pattern. */
    static List<FileStatus> filesNamed(Configuration hadoop, String path) throws IOException {
        List<FileStatus> found = new ArrayList<>();
        for (FileStatus named : named(hadoop, path)) {
            FileSystem files = named.getPath().getFileSystem(hadoop);
            if (named.isFile()) {
                found.add(named);
            } else {
                for (String name :
                        children(files, named.getPath(), child -> !child.isFolder && !isHidden(child.name))) {
                    found.add(files.getFileStatus(child(named.getPath(), name)));
                }
            }
        }
        if (found.isEmpty()) {
            throw new ConvoyException("Cannot read " + path + ": there are no files in it; check the path");
        }
        return found;
    }
}
