package dev.convoy.data;

import dev.convoy.data.FileSplit.LabelledFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder with one folder for each class, in which every file is an image. Names that start with a dot or an underscore are
 * hidden; files beside the class folders and folders inside them are left alone. Classes, and files within a class, are taken in
 * the order of their names; ids follow it.
 *
 * @param path the folder; or a pattern, whose matches then make up the classes together
 */
public record FolderSource(String path) implements ImageSource {
    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        Map<String, List<Path>> folders = new TreeMap<>();
        for (FileStatus root : HadoopFiles.named(hadoop, path)) {
            FileSystem files = root.getPath().getFileSystem(hadoop);
            for (Path folder : HadoopFiles.children(files, root.getPath(), FileStatus::isDirectory)) {
                folders.computeIfAbsent(folder.getName(), name -> new ArrayList<>())
                        .add(folder);
            }
        }
        if (folders.isEmpty()) {
            throw new ConvoyException("Cannot read " + path + " as a folder tree: it has no folders; give one folder"
                    + " with a folder of images for each class");
        }
        Classes classes = new Classes(
                path, folders.keySet(), knownClasses.isEmpty() ? List.copyOf(folders.keySet()) : knownClasses);
        List<LabelledFile> images = new ArrayList<>();
        for (Map.Entry<String, List<Path>> folder : folders.entrySet()) {
            images.addAll(imagesOf(hadoop, folder.getValue(), classes.indexOf(folder.getKey())));
        }
        return new ImageListing(path, images.size(), classes.names(), FileSplit.of(images));
    }

    private static List<LabelledFile> imagesOf(Configuration hadoop, List<Path> folders, int label) throws IOException {
        List<LabelledFile> images = new ArrayList<>();
        for (Path folder : folders) {
            for (Path file : HadoopFiles.children(folder.getFileSystem(hadoop), folder, FileStatus::isFile)) {
                images.add(new LabelledFile(file.toString(), label));
            }
        }
        if (images.isEmpty()) {
            throw new ConvoyException("Cannot use the class " + folders.get(0).getName() + ": " + folders.get(0)
                    + " has no images; add some or remove the folder");
        }
        return images;
    }
}
