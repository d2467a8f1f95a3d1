package dev.convoy.registry;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Files and folders of one folder that are called by numbers. */
final class NumberedFiles {
    private static final Pattern FILE = Pattern.compile("([1-9][0-9]{0,8})\\.json");

    private NumberedFiles() {}

    static Path file(Path folder, int number) {
        return new Path(folder, number + ".json");
    }

    /** The numbers of all {@code N.json}, ascending. */
    static List<Integer> all(FileSystem files, Path folder) throws IOException {
        return all(files, folder, FILE);
    }

    /**
     * The numbers of all files and folders of a pattern, ascending; none if the folder is not there.
     *
     * @param pattern whose first group is the number
     */
    static List<Integer> all(FileSystem files, Path folder, Pattern pattern) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        for (FileStatus status : list(files, folder)) {
            Matcher name = pattern.matcher(status.getPath().getName());
            if (name.matches()) {
                numbers.add(Integer.parseInt(name.group(1)));
            }
        }
        Collections.sort(numbers);
        return numbers;
    }

    /** The highest number of an {@code N.json}; 0 if there is none. */
    static int highest(FileSystem files, Path folder) throws IOException {
        List<Integer> numbers = all(files, folder);
        return numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1);
    }

    /** What is in a folder; nothing if it is not there. */
    static List<FileStatus> list(FileSystem files, Path folder) throws IOException {
        try {
            return List.of(files.listStatus(folder));
        } catch (FileNotFoundException e) {
            return List.of();
        }
    }
}
