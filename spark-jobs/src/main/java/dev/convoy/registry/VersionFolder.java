package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Sha256;
import dev.convoy.model.file.SummedFolder;
import dev.convoy.storage.AtomicFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder whose files are all listed, with their digests, in {@code SHA256SUMS}, in the form of {@code sha256sum}. That file is written
 * last.
 */
final class VersionFolder {
    static final String MODEL = "model";
    static final String INFO = "version.json";
    static final String SUMS = SummedFolder.SUMS;
    static final Set<String> RESERVED = Set.of(MODEL, INFO, SUMS);

    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  (.+)");

    private final FileSystem files;
    private final Path folder;
    private final SummedFolder written;

    /**
     * @param folder for reading one that is there, for writing one that is not
     */
    VersionFolder(FileSystem files, Path folder) {
        this.files = files;
        this.folder = folder;
        this.written = new SummedFolder(files, folder);
    }

    /** Writes a file. */
    void write(String name, AtomicFiles.Content content) throws IOException {
        written.write(name, content);
    }

    /** Copies a file, or a folder with all that is in it but hidden files. */
    void copy(String name, Path from) throws IOException {
        FileSystem source = from.getFileSystem(files.getConf());
        if (source.getFileStatus(from).isDirectory()) {
            for (FileStatus status : source.listStatus(from)) {
                String child = status.getPath().getName();
                if (!child.startsWith(".")) {
                    copy(name + "/" + child, status.getPath());
                }
            }
            return;
        }
        try (InputStream in = source.open(from)) {
            write(name, in::transferTo);
        }
    }

    /** Writes the digests of what was written and copied. */
    void complete() throws IOException {
        written.complete();
    }

    /**
     * Compares all files with their digests.
     *
     * @param where the folder, as faults call it
     */
    List<Fault> verify(String where) throws IOException {
        List<Fault> faults = new ArrayList<>();
        Map<String, String> listed;
        try {
            listed = read();
        } catch (FileNotFoundException e) {
            return List.of(new Fault(where + "/" + SUMS, "it is missing"));
        } catch (ConvoyException e) {
            return List.of(new Fault(where + "/" + SUMS, "it is damaged"));
        }
        for (String needed : List.of(INFO, MODEL + "/model.json")) {
            if (!listed.containsKey(needed)) {
                faults.add(new Fault(where + "/" + SUMS, "it does not list " + needed));
            }
        }
        for (Map.Entry<String, String> entry : listed.entrySet()) {
            verify(where, entry.getKey(), entry.getValue(), faults);
        }
        Set<String> others = new TreeSet<>();
        collect("", folder, others);
        others.removeAll(listed.keySet());
        others.forEach(name -> faults.add(new Fault(where + "/" + name, "it was added later")));
        return faults;
    }

    private void verify(String where, String name, String sum, List<Fault> faults) throws IOException {
        try (InputStream in = files.open(new Path(folder, name))) {
            if (!Sha256.of(in).equals(sum)) {
                faults.add(new Fault(where + "/" + name, "it is not what " + SUMS + " says"));
            }
        } catch (FileNotFoundException e) {
            faults.add(new Fault(where + "/" + name, "it is missing"));
        }
    }

    private Map<String, String> read() throws IOException {
        Map<String, String> listed = new TreeMap<>();
        String text = new String(RegistryJson.read(files, new Path(folder, SUMS)), StandardCharsets.UTF_8);
        for (String line : text.lines().toList()) {
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches() || List.of(matcher.group(2).split("/")).contains("..")) {
                throw new ConvoyException("Cannot read " + new Path(folder, SUMS) + ": it is damaged");
            }
            listed.put(matcher.group(2), matcher.group(1));
        }
        return listed;
    }

    private void collect(String prefix, Path at, Set<String> names) throws IOException {
        for (FileStatus status : files.listStatus(at)) {
            String name = status.getPath().getName();
            if (status.isDirectory()) {
                collect(prefix + name + "/", status.getPath(), names);
            } else if (!name.startsWith(".") && !(prefix + name).equals(SUMS)) {
                names.add(prefix + name);
            }
        }
    }
}
