package dev.convoy.mlflow;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.convoy.model.Json;
import dev.convoy.storage.AtomicFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a mirror remembers: {@code pending/<n>.json}, publications that wait; {@code done/<n>}, versions that MLflow has; and
 * {@code aliases.json}. Each file is replaced whole.
 */
final class MirrorFolder {
    private static final Pattern PENDING = Pattern.compile("([1-9][0-9]{0,8})\\.json");

    private final FileSystem files;
    private final Path folder;

    /**
     * @param folder need not be there
     */
    MirrorFolder(FileSystem files, Path folder) {
        this.files = files;
        this.folder = folder;
    }

    /** The numbers of the versions that wait, the lowest first. */
    List<Integer> pending() throws IOException {
        try {
            return Arrays.stream(files.listStatus(new Path(folder, "pending")))
                    .map(FileStatus::getPath)
                    .map(path -> PENDING.matcher(path.getName()))
                    .filter(Matcher::matches)
                    .map(name -> Integer.valueOf(name.group(1)))
                    .sorted()
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        }
    }

    /** A publication that waits; empty if its file cannot be understood. */
    Optional<Publication> publication(int version) throws IOException {
        return read(pendingFile(version), Publication.class);
    }

    /** Lets a publication wait, in place of an earlier one of the same version. */
    void keep(Publication publication) throws IOException {
        write(pendingFile(publication.version()), publication);
    }

    /** What is known of a version that MLflow has; empty if nothing is, or it cannot be understood. */
    Optional<MirroredVersion> mirrored(int version) throws IOException {
        return read(doneFile(version), MirroredVersion.class);
    }

    /** Notes that MLflow has a version, which waits no longer. */
    void done(MirroredVersion version) throws IOException {
        write(doneFile(version.version()), version);
        files.delete(pendingFile(version.version()), false);
    }

    /** What is known of aliases. */
    AliasState aliases() throws IOException {
        return read(aliasFile(), AliasState.class).orElseGet(AliasState::empty);
    }

    /** Notes aliases. */
    void keep(AliasState state) throws IOException {
        write(aliasFile(), state);
    }

    private Path pendingFile(int version) {
        return new Path(new Path(folder, "pending"), version + ".json");
    }

    private Path doneFile(int version) {
        return new Path(new Path(folder, "done"), String.valueOf(version));
    }

    private Path aliasFile() {
        return new Path(folder, "aliases.json");
    }

    private <T> Optional<T> read(Path file, Class<T> type) throws IOException {
        try (FSDataInputStream in = files.open(file)) {
            return Optional.ofNullable(Json.MAPPER.readValue(in.readAllBytes(), type));
        } catch (FileNotFoundException | JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private void write(Path file, Object value) throws IOException {
        files.mkdirs(file.getParent());
        AtomicFiles.replace(files, file, out -> out.write(Json.MAPPER.writeValueAsBytes(value)));
    }
}
