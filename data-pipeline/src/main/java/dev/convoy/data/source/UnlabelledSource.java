package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.source.FileSplit.LabelledFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Images of which nobody asks for classes. Any of these:
 *
 * <ul>
 *   <li>an image's file;
 *   <li>a list of files, as {@link ListSource} reads it, whatever its splits;
 *   <li>a Parquet file, as {@link ParquetSource} reads it;
 *   <li>a folder with any of the first and the last, in folders however deep; a folder that {@code prepare} has written is one;
 *   <li>a pattern for any of these.
 * </ul>
 *
 * In folders, names that start with a dot or an underscore are passed over, unless they are those of images, and so are files that are not
 * called as images are where Parquet files or a manifest lie beside them. Images come in the order of names, a folder's files before its
 * folders, and rows of Parquet files last; ids are positions in it.
 *
 * @param path that names them
 * @param column that holds images in Parquet files, or names files in lists; {@code image} and {@code path} if null
 * @param anywhere whether a list's files may lie outside of its folder
 */
public record UnlabelledSource(String path, String column, boolean anywhere) {
    private static final String PARQUET = ".parquet";

    /** What was found so far. */
    private static final class Found {
        private final List<LabelledFile> files = new ArrayList<>();
        private final List<Path> tables = new ArrayList<>();
    }

    /**
     * Lists the images. Runs on the driver, which holds a name for each file.
     *
     * @return without classes; no image has a target
     * @throws ConvoyException if there are none
     */
    public ImageListing list(Configuration hadoop) throws IOException {
        Found found = new Found();
        for (FileStatus named : HadoopFiles.named(hadoop, path)) {
            FileSystem files = named.getPath().getFileSystem(hadoop);
            if (named.isDirectory()) {
                walk(files, named.getPath(), found);
            } else {
                add(hadoop, named.getPath(), found);
            }
        }
        List<ImageSplit> splits = new ArrayList<>(FileSplit.of(found.files));
        long count = found.files.size();
        for (Path table : found.tables) {
            String images = column == null ? PreparedSource.IMAGE : column;
            for (ParquetSource.UnlabelledRows group : ParquetSource.unlabelled(hadoop, table, images, count)) {
                splits.add(group);
                count += group.count();
            }
        }
        if (count == 0) {
            throw new ConvoyException("Cannot find an image in " + path + "; check the path");
        }
        return new ImageListing(path, count, List.of(), splits);
    }

    private void add(Configuration hadoop, Path file, Found found) throws IOException {
        if (isTable(file)) {
            found.tables.add(file);
        } else if (ListSource.isList(file.getName())) {
            String files = column == null ? ListSource.PATH : column;
            ListSource list = new ListSource(file.toString(), null, files, null, anywhere);
            list.files(hadoop).forEach(named -> found.files.add(unlabelled(named)));
        } else {
            found.files.add(unlabelled(file.toString()));
        }
    }

    private static void walk(FileSystem files, Path folder, Found found) throws IOException {
        List<Path> all = HadoopFiles.children(
                files,
                folder,
                child -> child.isFile()
                        && !FolderSource.isHiddenFile(child.getPath().getName()));
        List<Path> tables = all.stream().filter(UnlabelledSource::isTable).toList();
        boolean isSet = !tables.isEmpty()
                || all.stream().anyMatch(file -> file.getName().equals(DatasetManifest.FILE));
        all.stream()
                .filter(file -> !isTable(file) && (!isSet || FolderSource.isImageName(file.getName())))
                .forEach(file -> found.files.add(unlabelled(file.toString())));
        found.tables.addAll(tables);
        for (Path child : HadoopFiles.children(files, folder, UnlabelledSource::isFolder)) {
            walk(files, child, found);
        }
    }

    private static boolean isFolder(FileStatus child) {
        return child.isDirectory() && !HadoopFiles.isHidden(child.getPath().getName());
    }

    private static boolean isTable(Path file) {
        return file.getName().toLowerCase(Locale.ROOT).endsWith(PARQUET);
    }

    private static LabelledFile unlabelled(String file) {
        return new LabelledFile(file, -1);
    }
}
