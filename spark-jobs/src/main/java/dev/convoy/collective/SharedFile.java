package dev.convoy.collective;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file of zeros that ranks of one host map as {@link SharedMemory}. It lies in {@code /dev/shm}, where Linux keeps
 * files in memory, or in {@code java.io.tmpdir} if that has too little space or takes no files. Only its user may read or write it.
 * Closing deletes it; who has mapped it keeps the memory.
 */
final class SharedFile implements AutoCloseable {
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final String PREFIX = "convoy-";
    private static final String SUFFIX = ".shared";

    private final Path path;

    private SharedFile(Path path) {
        this.path = path;
    }

    /**
     * Creates a file, and deletes those of processes that were killed before they could.
     *
     * @param size in bytes
     * @throws ConvoyException if there is no space for it
     */
    static SharedFile create(long size) {
        return create(List.of(MEMORY, Path.of(System.getProperty("java.io.tmpdir"))), size);
    }

    /** Creates a file in the first of these folders that takes it. */
    static SharedFile create(List<Path> folders, long size) {
        List<String> reasons = new ArrayList<>();
        for (Path folder : folders) {
            try {
                return new SharedFile(createIn(folder, size));
            } catch (IOException e) {
                reasons.add(folder + ": " + e.getMessage());
            }
        }
        throw new ConvoyException("Cannot make a file of " + size + " bytes as shared memory for all-reduce; "
                + String.join("; ", reasons) + "; make space there or point java.io.tmpdir elsewhere");
    }

    private static Path createIn(Path folder, long size) throws IOException {
        sweep(folder);
        long usable = Files.getFileStore(folder).getUsableSpace();
        if (usable < size) {
            throw new IOException("it has " + usable + " bytes left");
        }
        Path path = Files.createTempFile(
                folder,
                PREFIX + pidNamespace() + "-" + ProcessHandle.current().pid() + "-",
                SUFFIX,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        fill(path, size);
        return path;
    }

    /** Deletes the files of processes that no longer run; names of files hold the processes' numbers. */
    private static void sweep(Path folder) throws IOException {
        Pattern name = Pattern.compile(PREFIX + pidNamespace() + "-([0-9]+)-.*" + Pattern.quote(SUFFIX));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
            for (Path file : files) {
                Matcher match = name.matcher(file.getFileName().toString());
                if (match.matches()
                        && ProcessHandle.of(Long.parseLong(match.group(1))).isEmpty()
                        && Files.isWritable(file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /**
     * The number of Linux's namespace of process numbers, or 0 if there is none to see. Containers that share memory
     * may still number their processes separately, so that a number alone does not tell whether a process runs.
     */
    private static String pidNamespace() throws IOException {
        Path namespace = Path.of("/proc/self/ns/pid");
        return Files.isSymbolicLink(namespace)
                ? Files.readSymbolicLink(namespace).toString().replaceAll("[^0-9]", "")
                : "0";
    }

    /**
     * Writes every byte: in a file with holes, missing memory would show only at a later access, and end the process.
     */
    private static void fill(Path path, long size) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
            for (long offset = 0; offset < size; offset += zeros.position()) {
                // The channel may write less than it was asked to.
                zeros.clear().limit((int) Math.min(zeros.capacity(), size - offset));
                channel.write(zeros, offset);
            }
        } catch (IOException e) {
            Files.delete(path);
            throw e;
        }
    }

    Path path() {
        return path;
    }

    /**
     * @throws ConvoyException if the file cannot be deleted
     */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new ConvoyException("Cannot delete " + path + ": " + e.getMessage(), e);
        }
    }
}
