package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.Interruption;
import dev.convoy.storage.ProcessId;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.lang3.StringUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that is written beside its place and appears there whole, or not at all. Its name is claimed beforehand, so that a second process is
 * told at once and not after hours. Closing deletes what this process has made, and nothing else.
 */
final class NewFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NewFolder.class);

    private final FileSystem files;
    private final Path target;
    private final Path claim;
    private final Path work;

    private NewFolder(FileSystem files, Path target, Path claim, Path work) {
        this.files = files;
        this.target = target;
        this.claim = claim;
        this.work = work;
    }

    /**
     * Claims a name.
     *
     * @param setting how messages call it
     * @throws ConvoyException if the folder exists, or another process writes it
     */
    static NewFolder claim(Configuration hadoop, String folder, String setting) throws IOException {
        FileSystem files = RunDirectory.files(hadoop, folder);
        Path target = files.makeQualified(new Path(folder));
        checkNew(files, target, folder, setting);
        Path claim = new Path(target.getParent(), "." + target.getName() + ".claim");
        String id = UUID.randomUUID().toString();
        String content = owner() + " " + id;
        while (!AtomicFiles.createNew(files, claim, content.getBytes(StandardCharsets.UTF_8))) {
            Optional<String> holder = read(files, claim);
            if (holder.isEmpty()) {
                continue;
            }
            String other = holder.get();
            if (!hasEnded(other)) {
                throw new ConvoyException("Cannot write " + folder + ": another process does ("
                        + Stream.of(other.split(" ")).limit(3).collect(Collectors.joining(" "))
                        + "); wait for it, or remove " + claim
                        + " if it has ended");
            }
            LOG.info("Another process, {}, has ended before it had written {}; what it left is removed", other, folder);
            files.delete(work(target, StringUtils.substringAfterLast(other, " ")), true);
            if (!files.delete(claim, false) && read(files, claim).equals(holder)) {
                throw new ConvoyException(
                        "Cannot write " + folder + ": " + claim + ", which a process that has ended has"
                                + " left, cannot be removed by this user; have it removed, or set " + setting
                                + " to another folder");
            }
        }
        NewFolder made = new NewFolder(files, target, claim, work(target, id));
        try {
            // Whoever had the claim may have finished meanwhile.
            checkNew(files, target, folder, setting);
            return made;
        } catch (ConvoyException e) {
            made.close();
            throw e;
        }
    }

    private static void checkNew(FileSystem files, Path target, String folder, String setting) throws IOException {
        if (files.exists(target)) {
            throw new ConvoyException(
                    "Cannot write " + folder + ": it exists; remove it, or set " + setting + " to another folder");
        }
    }

    private static Path work(Path target, String id) {
        return new Path(target.getParent(), "_" + target.getName() + "." + id);
    }

    private static String owner() {
        ProcessId process = ProcessId.current();
        return String.join(" ", process.host(), String.valueOf(process.pid()), process.started(), process.mark());
    }

    /** Empty if it has just been given up. */
    private static Optional<String> read(FileSystem files, Path claim) throws IOException {
        try (InputStream in = AtomicFiles.open(files, claim)) {
            return Optional.of(new String(in.readNBytes(1000), StandardCharsets.UTF_8));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    /** Whether it is known that whoever wrote a claim is no more; of other hosts nothing is. */
    private static boolean hasEnded(String claim) {
        String[] words = claim.split(" ");
        // Before there were marks, there were four.
        if (words.length < 4 || words.length > 5 || !words[1].matches("[0-9]{1,10}")) {
            return false;
        }
        String mark = words.length == 4 ? ProcessId.UNKNOWN : words[3];
        ProcessId owner = new ProcessId(words[0], Long.parseLong(words[1]), words[2], mark);
        return owner.hasEnded() || owner.ranBeforeReboot();
    }

    FileSystem files() {
        return files;
    }

    /** Where the content is to be written. */
    Path work() {
        return work;
    }

    /** Gives the folder its name. */
    void publish() throws IOException {
        publish(work);
    }

    /** Gives the folder, or a file in it instead, the name. */
    void publish(Path whole) throws IOException {
        AtomicFiles.renameNew(files, whole, target);
    }

    @Override
    public void close() {
        try (Interruption pause = Interruption.outlast()) {
            files.delete(work, true);
            files.delete(claim, false);
        } catch (IOException e) {
            LOG.warn("{} or {} is left behind: {}", work, claim, e.getMessage());
        }
    }
}
