package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.file.TrainedModel;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A version of a model: a folder that nobody changes any more. */
public final class ModelVersion {
    private final FileSystem files;
    private final Path folder;
    private final VersionInfo info;

    private ModelVersion(FileSystem files, Path folder, VersionInfo info) {
        this.files = files;
        this.folder = folder;
        this.info = info;
    }

    /**
     * Reads what a version says of itself; empty if it is not there.
     *
     * @throws ConvoyException if it is incomplete, damaged, or of a newer format
     */
    static Optional<ModelVersion> find(FileSystem files, Path folder) throws IOException {
        Path file = new Path(folder, VersionFolder.INFO);
        try {
            VersionInfo info =
                    RegistryJson.parse(RegistryJson.read(files, file), file, VersionInfo.FORMAT, VersionInfo.class);
            if (!folder.getName().equals(Integer.toString(info.number()))) {
                throw new ConvoyException("Cannot read " + folder + ": it says that it is version " + info.number());
            }
            return Optional.of(new ModelVersion(files, folder, info));
        } catch (FileNotFoundException e) {
            if (!files.exists(folder)) {
                return Optional.empty();
            }
            // Versions come and go whole: perhaps it came, or went, since it was looked for.
            if (files.exists(file)) {
                return find(files, folder);
            }
            if (!files.exists(folder)) {
                return Optional.empty();
            }
            throw new ConvoyException("Cannot read " + folder + ": " + VersionFolder.INFO + " is missing", e);
        }
    }

    /** From 1. */
    public int number() {
        return info.number();
    }

    /** What it is and where it comes from. */
    public VersionInfo info() {
        return info;
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /** The model's folder, which {@link TrainedModel#load} reads. */
    public Path model() {
        return new Path(folder, VersionFolder.MODEL);
    }

    /** Where a file that was added with the version is, if there is one. */
    public Path file(String name) {
        return new Path(folder, Names.check("file", name));
    }

    /** The content of a file that was added with the version; empty if there is none. */
    public Optional<byte[]> read(String name) throws IOException {
        try {
            return Optional.of(RegistryJson.read(files, file(name)));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    /**
     * Opens a file that was added with the version, which may be large.
     *
     * @throws FileNotFoundException if there is none
     */
    public InputStream open(String name) throws IOException {
        return files.open(file(name));
    }

    /** Reads the model. */
    public TrainedModel load() throws IOException {
        return TrainedModel.load(files, model());
    }

    /** What is not as it was written; nothing if it is sound. */
    public List<Fault> verify() throws IOException {
        return new ArrayList<>(new VersionFolder(files, folder).verify("versions/" + number()));
    }
}
