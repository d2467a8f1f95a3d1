package dev.convoy.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder with one folder for each class, in which every file is a PNG or JPEG. Names that start with a dot or an
 * underscore are hidden; files beside the class folders and folders inside them are left alone. Classes, and files within a class, are taken in the order of their names; ids follow it.
 *
 * @param path the folder
 */
public record FolderSource(String path) implements ImageSource {
    private static final int FILES_PER_SPLIT = 1000;

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        Path root = new Path(path);
        FileSystem files = root.getFileSystem(hadoop);
        List<Path> folders = children(files, root)
                .filter(FileStatus::isDirectory)
                .map(FileStatus::getPath)
                .toList();
        if (folders.isEmpty()) {
            throw new ConvoyException("Cannot read " + path + " as a folder tree: it has no folders; give one folder"
                    + " with a folder of images for each class");
        }
        List<String> found = folders.stream().map(Path::getName).toList();
        List<String> classes = knownClasses.isEmpty() ? found : knownClasses;
        List<LabelledFile> images = new ArrayList<>();
        for (Path folder : folders) {
            images.addAll(imagesOf(files, folder, classes));
        }
        List<Split> splits = IntStream.iterate(0, first -> first < images.size(), first -> first + FILES_PER_SPLIT)
                .mapToObj(first -> new Split(
                        first, List.copyOf(images.subList(first, Math.min(images.size(), first + FILES_PER_SPLIT)))))
                .toList();
        return new ImageListing(path, images.size(), classes, splits);
    }

    private List<LabelledFile> imagesOf(FileSystem files, Path folder, List<String> classes) throws IOException {
        int label = classes.indexOf(folder.getName());
        if (label < 0) {
            throw new ConvoyException("Cannot use " + folder + ": " + folder.getName() + " is not among the classes "
                    + classes + "; give data of the same classes");
        }
        List<LabelledFile> images = children(files, folder)
                .filter(FileStatus::isFile)
                .map(status -> new LabelledFile(status.getPath().toString(), label))
                .toList();
        if (images.isEmpty()) {
            throw new ConvoyException("Cannot use the class " + folder.getName() + ": " + folder + " has no images; add"
                    + " some or remove the folder");
        }
        return images;
    }

    private Stream<FileStatus> children(FileSystem files, Path folder) throws IOException {
        try {
            return Stream.of(files.listStatus(folder))
                    .filter(status -> !status.getPath().getName().matches("[._].*"))
                    .sorted(Comparator.comparing(status -> status.getPath().getName()));
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find the folder " + folder + "; check the path under data", e);
        }
    }

    private record LabelledFile(String path, int label) implements Serializable {}

    private record Split(long firstId, List<LabelledFile> files) implements ImageSplit {
        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) {
            return IntStream.range(0, files.size())
                    .filter(i -> wanted.test(firstId + i))
                    .mapToObj(i -> load(hadoop, firstId + i, files.get(i)))
                    .iterator();
        }

        private static SourceImage load(Configuration hadoop, long id, LabelledFile file) {
            Path path = new Path(file.path);
            try (InputStream in = path.getFileSystem(hadoop).open(path)) {
                return new SourceImage(id, file.path, file.label, new SourceImage.Data.Encoded(in.readAllBytes()));
            } catch (IOException e) {
                throw new ConvoyException("Cannot read " + file.path + ": " + e.getMessage(), e);
            }
        }
    }
}
