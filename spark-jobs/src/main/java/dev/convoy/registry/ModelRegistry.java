package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.storage.AtomicFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;

/** A folder with models, each in a folder of its name, on any Hadoop file system. Reading needs nothing but that it can be read. */
public final class ModelRegistry {
    static final String FORMAT = "convoy-registry-1";
    private static final String MARK = "registry.json";

    private final FileSystem files;
    private final Path root;

    /**
     * @param root need not be there
     */
    public ModelRegistry(FileSystem files, Path root) {
        this.files = files;
        this.root = files.makeQualified(root);
    }

    /**
     * A registry at a path.
     *
     * @param root need not be there
     */
    public static ModelRegistry of(Configuration hadoop, String root) throws IOException {
        Path path = new Path(root);
        FileSystem files = path.getFileSystem(hadoop);
        // Hadoop would put files of its own beside local ones.
        files.setWriteChecksum(false);
        return new ModelRegistry(files, path);
    }

    /** Where it is. */
    public Path root() {
        return root;
    }

    /** The file system that it is on. */
    public FileSystem files() {
        return files;
    }

    /**
     * This, if it can be written: makes the folder if it is not there, and tries whether the file system does what a registry needs.
     *
     * @throws ConvoyException naming what it lacks, or who may not write where
     */
    public ModelRegistry requireWritable() {
        try {
            if (!files.mkdirs(root)) {
                throw new IOException("the folder cannot be made");
            }
            Probe.check(files, root);
            return this;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private ConvoyException unwritable(IOException e) {
        boolean forbidden = e instanceof AccessControlException || e instanceof AccessDeniedException;
        String reason = forbidden ? "permission denied" : Printable.firstLine(e);
        return new ConvoyException(
                "Cannot write the registry " + root + ": " + reason
                        + "; let this user write there, or choose a folder that it may write",
                e);
    }

    /** The names of all models, in order. */
    public List<String> names() throws IOException {
        List<String> names = new ArrayList<>();
        for (FileStatus status : NumberedFiles.list(files, root)) {
            String name = status.getPath().getName();
            if (status.isDirectory() && Names.isName(name) && files.exists(new Path(status.getPath(), MARK))) {
                names.add(name);
            }
        }
        names.sort(null);
        return names;
    }

    /**
     * A model.
     *
     * @throws ConvoyException if there is none of this name, or one of a newer format
     */
    public RegisteredModel model(String name) throws IOException {
        Path folder = new Path(root, Names.check("model", name));
        Path mark = new Path(folder, MARK);
        try {
            RegistryJson.checkFormat(RegistryJson.tree(RegistryJson.read(files, mark), mark), mark, FORMAT);
            return new RegisteredModel(files, folder);
        } catch (FileNotFoundException e) {
            throw new ConvoyException(
                    "Cannot find the model " + name + " in the registry " + root + ": it holds "
                            + (names().isEmpty() ? "none" : names()) + "; check the name, and where the registry is",
                    e);
        }
    }

    /** A model, which is made if there is none of this name. */
    public RegisteredModel create(String name) throws IOException {
        Path mark = new Path(new Path(root, Names.check("model", name)), MARK);
        try {
            AtomicFiles.publishNew(files, mark, RegistryJson.bytes(Map.of("format", FORMAT)));
        } catch (IOException e) {
            throw unwritable(e);
        }
        return model(name);
    }

    /**
     * The version that a reference names.
     *
     * @throws ConvoyException if the model, the alias's version or the version is not there
     */
    public ModelVersion resolve(RegistryReference reference) throws IOException {
        return model(reference.name()).resolve(reference.selector());
    }
}
