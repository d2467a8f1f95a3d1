package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
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
            FileStatus[] found = path.matches(".*[*?\\[{].*") ? files.globStatus(pattern) : null;
            List<FileStatus> matches = Stream.ofNullable(found)
                    .flatMap(Stream::of)
                    .filter(match -> !isHidden(pattern, match.getPath()))
                    .sorted()
                    .toList();
            if (matches.isEmpty()) {
                throw new ConvoyException("Cannot find " + path + "; check the path", e);
            }
            return matches;
        }
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
        Path asked = pattern;
        for (Path at = match; at != null && asked != null; at = at.getParent(), asked = asked.getParent()) {
            if (isHidden(at.getName()) && !isHidden(asked.getName())) {
                return true;
            }
        }
        return false;
    }

    /** Lists what a folder has, in the order of names. */
    static List<Path> children(FileSystem files, Path folder, Predicate<FileStatus> wanted) throws IOException {
        List<Path> children = new ArrayList<>();
        // One by one, since a folder may hold a million.
        RemoteIterator<FileStatus> all = files.listStatusIterator(folder);
        while (all.hasNext()) {
            FileStatus child = all.next();
            if (wanted.test(child)) {
                children.add(child.getPath());
            }
        }
        children.sort(Comparator.comparing(Path::getName));
        return children;
    }

    /** Finds the files that a path names: a file, all in a folder that are not hidden, or what matches a pattern. */
    static List<FileStatus> filesNamed(Configuration hadoop, String path) throws IOException {
        List<FileStatus> found = new ArrayList<>();
        for (FileStatus named : named(hadoop, path)) {
            FileSystem files = named.getPath().getFileSystem(hadoop);
            if (named.isFile()) {
                found.add(named);
            } else {
                for (Path child : children(
                        files,
                        named.getPath(),
                        child -> child.isFile() && !isHidden(child.getPath().getName()))) {
                    found.add(files.getFileStatus(child));
                }
            }
        }
        if (found.isEmpty()) {
            throw new ConvoyException("Cannot read " + path + ": there are no files in it; check the path");
        }
        return found;
    }
}
