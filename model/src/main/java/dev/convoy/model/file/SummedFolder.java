package dev.convoy.model.file;

import dev.convoy.data.Sha256;
import dev.convoy.storage.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder of files that are listed with their digests in {@code SHA256SUMS}, in the form of {@code sha256sum}. That file is written last, and
 * so marks the folder as complete.
 */
public final class SummedFolder {
    /** The list's name. */
    public static final String SUMS = "SHA256SUMS";

    private final FileSystem files;
    private final Path folder;
    private final StringBuilder lines = new StringBuilder();

    /**
     * @param folder whose files are written here, and are not there yet
     */
    public SummedFolder(FileSystem files, Path folder) {
        this.files = files;
        this.folder = folder;
    }

    /**
     * Writes a file.
     *
     * @param name below the folder
     */
    public void write(String name, AtomicFiles.Content content) throws IOException {
        MessageDigest digest = Sha256.digest();
        AtomicFiles.write(files, new Path(folder, name), out -> content.writeTo(new DigestOutputStream(out, digest)));
        lines.append(line(HexFormat.of().formatHex(digest.digest()), name)).append('\n');
    }

    /** Writes the list of what was written. */
    public void complete() throws IOException {
        AtomicFiles.write(
                files, new Path(folder, SUMS), out -> out.write(lines.toString().getBytes(StandardCharsets.UTF_8)));
    }

    /** The list's line of a file. */
    public static String line(String sum, String name) {
        return sum + "  " + name;
    }
}
