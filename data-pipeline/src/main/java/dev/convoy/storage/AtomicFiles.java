package dev.convoy.storage;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.commons.io.IOUtils;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;

/**
 * What Hadoop's file systems promise only in part: exclusive creation, and replacement in one step. The name node of
 * HDFS decides both; on local disks the operating system is asked, since Hadoop looks first and acts afterwards. An
 * object store replaces an object when its upload ends, but two may create one there.
 */
public final class AtomicFiles {
    private static final Pattern SIBLING = Pattern.compile("\\..+\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp");

    /**
     * Where renaming is a copy and a deletion, a file that is replaced by renaming is gone meanwhile; but an upload appears whole when it
     * ends, and one that fails can be given up.
     */
    private static final Set<String> UPLOADS_APPEAR_WHOLE = Set.of("s3a");

    /** Writes a file's content. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private AtomicFiles() {}

    /**
     * Creates a file, together with its folder, unless it is there.
     *
     * @return whether it was not
     */
    public static boolean createNew(FileSystem files, Path file, byte[] content) throws IOException {
        files.mkdirs(file.getParent());
        if (isLocal(files)) {
            File whole = local(files, sibling(file));
            File target = local(files, file);
            try {
                if (!target.exists()) {
                    // One that was deleted by other means than Hadoop's.
                    Files.deleteIfExists(sum(target).toPath());
                }
                // Made beforehand and then linked, so that it is never seen empty.
                writeThrough(whole, content);
                return createLink(target, whole, content);
            } finally {
                Files.deleteIfExists(whole.toPath());
            }
        }
        FSDataOutputStream created;
        try {
            created = files.create(file, false);
        } catch (IOException e) {
            // HDFS has more than one way to say that somebody is about to write it.
            if (e instanceof FileAlreadyExistsException || files.exists(file)) {
                return false;
            }
            throw e;
        }
        try {
            fill(created, out -> out.write(content));
        } catch (IOException | RuntimeException | Error e) {
            // Nobody else would know what to do with half of it.
            deleteAfter(e, files, file);
            throw e;
        }
        return true;
    }

    /**
     * Creates a file, together with its folder, unless it is there; nobody ever sees half of it, and whoever dies meanwhile leaves none of this
     * name. What {@link #createNew} promises needs less: where there is no link, a file system that renames without overwriting.
     *
     * @return whether it was not there
     */
    public static boolean publishNew(FileSystem files, Path file, byte[] content) throws IOException {
        if (isLocal(files)) {
            return createNew(files, file, content);
        }
        files.mkdirs(file.getParent());
        Path whole = sibling(file);
        try {
            write(files, whole, out -> out.write(content));
            rename(files, whole, file, Rename.NONE);
            return true;
        } catch (FileAlreadyExistsException e) {
            files.delete(whole, false);
            return false;
        } catch (IOException | RuntimeException | Error e) {
            deleteAfter(e, files, whole);
            throw e;
        }
    }

    /** On disk when this returns: a name that appears after a power cut must not be that of an empty file. */
    private static void writeThrough(File file, byte[] content) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file.toPath(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        }
    }

    /** Gives a file that is there another name, unless that is there; where there are no hard links, or none is permitted, copies it. */
    private static boolean createLink(File file, File whole, byte[] content) throws IOException {
        try {
            Files.createLink(file.toPath(), whole.toPath());
        } catch (java.nio.file.FileAlreadyExistsException e) {
            return false;
        } catch (NoSuchFileException e) {
            throw e;
        } catch (UnsupportedOperationException | FileSystemException e) {
            try {
                Files.write(file.toPath(), content, StandardOpenOption.CREATE_NEW);
            } catch (java.nio.file.FileAlreadyExistsException taken) {
                return false;
            }
        }
        return true;
    }

    /** Writes a file, replacing one of its name; whoever reads meanwhile sees the old one or the new one, whole. */
    public static void replace(FileSystem files, Path file, Content content) throws IOException {
        if (UPLOADS_APPEAR_WHOLE.contains(files.getUri().getScheme())) {
            fill(files.create(file, true), content);
            return;
        }
        Path next = sibling(file);
        try {
            write(files, next, content);
            rename(files, next, file, Rename.OVERWRITE);
        } catch (IOException | RuntimeException | Error e) {
            deleteAfter(e, files, next);
            throw e;
        }
    }

    /**
     * Writes a new file, and waits until it is on disk.
     *
     * @throws IOException if it cannot be written whole; what is there of it is left
     */
    public static void write(FileSystem files, Path file, Content content) throws IOException {
        fill(files.create(file, false), content);
    }

    private static void fill(FSDataOutputStream out, Content content) throws IOException {
        try {
            content.writeTo(out);
            out.hsync();
        } catch (IOException | RuntimeException | Error e) {
            if (out.hasCapability(StreamCapabilities.ABORTABLE_STREAM)) {
                // To close it would upload the half.
                out.abort();
            }
            // HDFS may throw one exception more than once, which a try with resources takes badly.
            IOUtils.closeQuietly(out);
            throw e;
        }
        out.close();
    }

    /**
     * Deletes what could not be written whole, which makes space again on a full disk.
     *
     * @param cause hears of it if that fails too
     */
    public static void deleteAfter(Throwable cause, FileSystem files, Path half) {
        try (Interruption pause = Interruption.outlast()) {
            files.delete(half, true);
        } catch (IOException left) {
            // HDFS may throw one exception more than once.
            if (left != cause) {
                cause.addSuppressed(left);
            }
        }
    }

    /**
     * Opens a file, as the file system does; but of one that is there and may not be read, Hadoop says on local disks that it is not there.
     *
     * @throws FileNotFoundException if it is not there
     */
    public static FSDataInputStream open(FileSystem files, Path file) throws IOException {
        try {
            return files.open(file);
        } catch (FileNotFoundException e) {
            if (isLocal(files)) {
                java.nio.file.Path path = local(files, file).toPath();
                if (Files.isDirectory(path)) {
                    throw new IOException(file + " is a folder, and should be a file", e);
                }
                if (Files.exists(path) && !Files.isReadable(path)) {
                    throw new IOException(file + " may not be read by this user", e);
                }
            }
            throw e;
        }
    }

    /**
     * Gives a file or a folder a name that nothing has.
     *
     * @throws IOException if something has it
     */
    public static void renameNew(FileSystem files, Path from, Path to) throws IOException {
        rename(files, from, to, Rename.NONE);
    }

    private static void rename(FileSystem files, Path from, Path to, Rename mode) throws IOException {
        if (isLocal(files)) {
            File target = local(files, to);
            if (mode == Rename.NONE && target.exists()) {
                throw new FileAlreadyExistsException(to + " exists");
            }
            File source = local(files, from);
            // A sum of what had the name before would be taken for one of what gets it.
            Files.deleteIfExists(sum(target).toPath());
            Files.move(source.toPath(), target.toPath(), StandardCopyOption.ATOMIC_MOVE);
            if (sum(source).exists()) {
                Files.move(sum(source).toPath(), sum(target).toPath(), StandardCopyOption.ATOMIC_MOVE);
            }
            return;
        }
        FileContext.getFileContext(files.getUri(), files.getConf())
                .rename(files.makeQualified(from), files.makeQualified(to), mode);
    }

    /**
     * Deletes what processes that were killed have left half written in a folder, which need not be there. Only who knows that nobody
     * writes into it may call this.
     */
    public static void sweep(FileSystem files, Path folder) throws IOException {
        if (!files.exists(folder)) {
            return;
        }
        for (FileStatus found : files.listStatus(folder)) {
            if (SIBLING.matcher(found.getPath().getName()).matches()) {
                files.delete(found.getPath(), false);
            }
        }
    }

    /** A name beside a file's that nothing has, hidden from whoever lists images. */
    private static Path sibling(Path file) {
        return new Path(file.getParent(), "." + file.getName() + "." + UUID.randomUUID() + ".tmp");
    }

    /** Where Hadoop keeps a file's checksum on local disks, unless it is told not to. */
    private static File sum(File file) {
        return new File(file.getParentFile(), "." + file.getName() + ".crc");
    }

    /** Whether the operating system of this machine can be asked. */
    public static boolean isLocal(FileSystem files) {
        return files instanceof LocalFileSystem || files instanceof RawLocalFileSystem;
    }

    private static File local(FileSystem files, Path path) throws IOException {
        Path absolute = files.makeQualified(path);
        if (absolute.toUri().getPath() == null) {
            throw new FileNotFoundException(path + " is no path");
        }
        return new File(absolute.toUri().getPath());
    }
}
