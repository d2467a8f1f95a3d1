package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.source.HadoopFiles.Child;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder with one folder for each class, in which every file is an image. Names that start with a dot are hidden, and
 * so are those with an underscore, except files that end as images do, as cameras name some; files beside the class
 * folders and folders inside them are left alone. Classes are in the order of their numbers if all are numbers, of
 * their names otherwise, and so are ids; within a class files are in the order of their names.
 *
 * @param path the folder; or a pattern, whose matches then make up the classes together
 */
public record FolderSource(String path) implements ImageSource {
    private static final Logger LOG = LoggerFactory.getLogger(FolderSource.class);
    private static final Pattern IMAGE = Pattern.compile("(?is).*\\.(jpe?g|png|webp|bmp|gif|tiff?)");
    /** What macOS, Python and Spark leave behind. */
    private static final Set<String> DEBRIS =
            Set.of("__MACOSX", "__pycache__", "_temporary", "_spark_metadata", "_delta_log");

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        Map<String, List<Path>> folders = new TreeMap<>();
        for (FileStatus root : HadoopFiles.named(hadoop, path)) {
            FileSystem files = root.getPath().getFileSystem(hadoop);
            for (Path folder : classFolders(files, root.getPath())) {
                folders.computeIfAbsent(folder.getName(), name -> new ArrayList<>())
                        .add(folder);
            }
        }
        if (folders.isEmpty()) {
            throw new ConvoyException("Cannot read " + path + " as a folder tree: it has no folders; give one folder"
                    + " with a folder of images for each class");
        }
        Classes classes = new Classes(path, folders.keySet(), knownClasses);
        Comparator<String> byClass = Comparator.comparingInt(classes::indexOf);
        List<String> inOrder = folders.keySet().stream()
                .sorted(byClass.thenComparing(Comparator.naturalOrder()))
                .toList();
        FileSplits images = new FileSplits();
        for (String folder : inOrder) {
            add(hadoop, folders.get(folder), classes.indexOf(folder), images);
        }
        return new ImageListing(path, images.count(), classes.names(), images.all());
    }

    private static List<Path> classFolders(FileSystem files, Path root) throws IOException {
        List<String> folders = HadoopFiles.children(
                files, root, child -> child.isFolder() && !child.name().startsWith("."));
        List<String> hidden = folders.stream()
                .filter(HadoopFiles::isHidden)
                .filter(name -> !DEBRIS.contains(name))
                .toList();
        if (!hidden.isEmpty()) {
            LOG.warn(
                    "The folders {} in {} are passed over, since their names begin with an underscore; rename those that are"
                            + " classes",
                    Printable.of(hidden.toString()),
                    Printable.of(root.toString()));
        }
        return folders.stream()
                .filter(folder -> !HadoopFiles.isHidden(folder))
                .map(folder -> HadoopFiles.child(root, folder))
                .toList();
    }

    private static boolean isImage(Child file) {
        return !file.isFolder() && !isHiddenFile(file.name());
    }

    /** Whether a file of this name is passed over: cameras call photographs {@code _MG_1234.JPG}. */
    static boolean isHiddenFile(String name) {
        return name.startsWith(".") || name.startsWith("_") && !isImageName(name);
    }

    /** Whether a name ends as those of images do. */
    static boolean isImageName(String name) {
        return IMAGE.matcher(name).matches();
    }

    private static void add(Configuration hadoop, List<Path> folders, int label, FileSplits images) throws IOException {
        long before = images.count();
        for (Path folder : folders) {
            UnaryOperator<String> file = HadoopFiles.childrenOf(folder);
            HadoopFiles.children(folder.getFileSystem(hadoop), folder, FolderSource::isImage)
                    .forEach(name -> images.add(file.apply(name), label));
        }
        if (images.count() == before) {
            throw new ConvoyException("Cannot use the class " + folders.get(0).getName() + ": " + folders.get(0)
                    + " has no images; add some or remove the folder");
        }
    }
}
