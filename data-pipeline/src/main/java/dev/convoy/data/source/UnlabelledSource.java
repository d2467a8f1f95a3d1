package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
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
    /** The class of an image. */
    private static final int UNKNOWN = -1;

    /** What was found so far. */
    private static final class Found {
        private final FileSplits files = new FileSplits();
        private final List<Path> tables = new ArrayList<>();
        /** The folders that the walk is in. */
        private final Set<java.nio.file.Path> way = new HashSet<>();
    }

    /**
     * Lists the images. Runs on the driver, which holds a few bytes for each file.
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
        List<ImageSplit> splits = new ArrayList<>(found.files.all());
        long count = found.files.count();
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
        if (isTable(file.getName())) {
            found.tables.add(file);
        } else if (ListSource.isList(file.getName())) {
            String files = column == null ? ListSource.PATH : column;
            ListSource list = new ListSource(file.toString(), null, files, null, anywhere);
            list.eachFile(hadoop, named -> found.files.add(named, UNKNOWN));
        } else {
            found.files.add(file.toString(), UNKNOWN);
        }
    }

    private static void walk(FileSystem files, Path folder, Found found) throws IOException {
        Optional<java.nio.file.Path> real = HadoopFiles.real(files, folder);
        if (real.isPresent() && !found.way.add(real.get())) {
            // By a link to a folder that it lies in.
            return;
        }
        List<String> all = HadoopFiles.children(
                files, folder, child -> !child.isFolder() && !FolderSource.isHiddenFile(child.name()));
        boolean isSet = all.stream().anyMatch(name -> isTable(name) || name.equals(DatasetManifest.FILE));
        UnaryOperator<String> file = HadoopFiles.childrenOf(folder);
        for (String name : all) {
            if (isTable(name)) {
                found.tables.add(HadoopFiles.child(folder, name));
            } else if (!isSet || FolderSource.isImageName(name)) {
                found.files.add(file.apply(name), UNKNOWN);
            }
        }
        for (String name :
                HadoopFiles.children(files, folder, child -> child.isFolder() && !HadoopFiles.isHidden(child.name()))) {
            walk(files, HadoopFiles.child(folder, name), found);
        }
        real.ifPresent(found.way::remove);
    }

    private static boolean isTable(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(PARQUET);
    }
}
