package dev.convoy.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/** What sources ask file systems. */
final class HadoopFiles {
    private HadoopFiles() {}

    /**
     * What a path names: itself, or as a pattern (Hadoop's, with {@code *}, <code>{a,b}</code> and {@code [0-9]}) all that match, in the
     * order of their paths.
     *
     * @throws ConvoyException if there is nothing
     */
    static List<FileStatus> named(Configuration hadoop, String path) throws IOException {
        Path pattern = new Path(path);
        FileSystem files = pattern.getFileSystem(hadoop);
        try {
            return List.of(files.getFileStatus(pattern));
        } catch (FileNotFoundException e) {
            FileStatus[] matches = path.matches(".*[*?\\[{].*") ? files.globStatus(pattern) : null;
            if (matches == null || matches.length == 0) {
                throw new ConvoyException("Cannot find " + path + "; check the path under data", e);
            }
            Arrays.sort(matches);
            return List.of(matches);
        }
    }

    /** Paths in a folder that are not hidden, in the order of their names. */
    static List<Path> children(FileSystem files, Path folder, Predicate<FileStatus> wanted) throws IOException {
        List<Path> children = new ArrayList<>();
        // One by one, since a folder may hold a million.
        RemoteIterator<FileStatus> all = files.listStatusIterator(folder);
        while (all.hasNext()) {
            FileStatus one = all.next();
            if (!one.getPath().getName().matches("(?s)[._].*") && wanted.test(one)) {
                children.add(one.getPath());
            }
        }
        children.sort(Comparator.comparing(Path::getName));
        return children;
    }

    /** The files that a path names: a file, all in a folder that are not hidden, or what matches a pattern. */
    static List<FileStatus> filesNamed(Configuration hadoop, String path) throws IOException {
        List<FileStatus> found = new ArrayList<>();
        for (FileStatus named : named(hadoop, path)) {
            FileSystem files = named.getPath().getFileSystem(hadoop);
            if (named.isFile()) {
                found.add(named);
            } else {
                for (Path child : children(files, named.getPath(), FileStatus::isFile)) {
                    found.add(files.getFileStatus(child));
                }
            }
        }
        if (found.isEmpty()) {
            throw new ConvoyException("Cannot read " + path + ": there are no files in it; check the path under data");
        }
        return found;
    }
}
