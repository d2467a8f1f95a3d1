package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.SourceImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;

/**
 * Parquet files, as Spark writes a DataFrame. The image column holds files (JPEG, PNG, ...) as binary, or a struct with
 * them in {@code bytes} (as Hugging Face's datasets, whose names of classes are taken too), or Spark's own image
 * struct; the label column holds numbers or strings. Row groups are what one task reads. Ids are positions, over files
 * in the order of their names, unless a column gives them.
 *
 * @param path a file, a folder of files, or a pattern
 * @param idColumn null for positions
 */
public record ParquetSource(String path, String imageColumn, String labelColumn, String idColumn)
        implements ImageSource {
    /** Rows whose ids are their places. */
    public ParquetSource(String path, String imageColumn, String labelColumn) {
        this(path, imageColumn, labelColumn, null);
    }

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        List<Path> files = HadoopFiles.filesNamed(hadoop, path).stream()
                .map(FileStatus::getPath)
                .filter(file -> file.getName().endsWith(".parquet"))
                .toList();
        Found found = new Found();
        for (Path file : files) {
            find(hadoop, file, found);
        }
        return listing(found, knownClasses);
    }

    /** Collects what the driver finds in files: row groups, their labels, and perhaps names for these. */
    static final class Found {
        private final List<ListedGroup> groups = new ArrayList<>();
        private final Map<String, Integer> codes = new LinkedHashMap<>();
        /** The names of classes that the first file has; empty if it has none. */
        private List<String> names = List.of();

        private int code(String label) {
            return codes.computeIfAbsent(label, key -> codes.size());
        }
    }

    /** A row group, as the driver finds it; labels are codes of {@link Found}. */
    private record ListedGroup(String file, int group, int[] labels, long[] ids) {}

    ImageListing listing(Found found, List<String> knownClasses) {
        long images =
                found.groups.stream().mapToLong(listed -> listed.labels.length).sum();
        if (images == 0) {
            throw new ConvoyException("Cannot use " + path + ": it has no rows in files that end in .parquet");
        }
        List<String> labels = List.copyOf(found.codes.keySet());
        boolean named = knownClasses.isEmpty() && found.names.containsAll(labels);
        Classes classes = new Classes(path, labels, named ? found.names : knownClasses);
        int[] indexes = labels.stream().mapToInt(classes::indexOf).toArray();
        List<RowGroup> splits = new ArrayList<>();
        long first = 0;
        for (ListedGroup listed : found.groups) {
            int[] classOfRow =
                    IntStream.of(listed.labels).map(code -> indexes[code]).toArray();
            long[] ids = listed.ids != null
                    ? listed.ids
                    : LongStream.range(first, first + classOfRow.length).toArray();
            splits.add(new RowGroup(listed.file, listed.group, imageColumn, ids, classOfRow, null));
            first += classOfRow.length;
        }
        return new ImageListing(path, images, classes.names(), splits);
    }

    /** Adds a file's row groups, of which it reads labels and ids. */
    void find(Configuration hadoop, Path file, Found found) throws IOException {
        try (ParquetRows rows = ParquetRows.open(hadoop, file)) {
            rows.requireImages(imageColumn);
            rows.requireLabels(labelColumn);
            List<String> names = rows.classNames(labelColumn);
            found.names = found.groups.isEmpty() ? names : found.names;
            List<String> columns = idColumn == null ? List.of(labelColumn) : List.of(labelColumn, idColumn);
            for (int group : rows.groups()) {
                rows.open(group, columns);
                found.groups.add(listed(rows, file, group, names, found));
            }
        } catch (RuntimeException e) {
            throw unreadable(file, e);
        }
    }

    private ListedGroup listed(ParquetRows rows, Path file, int group, List<String> names, Found found) {
        IntStream.Builder labels = IntStream.builder();
        LongStream.Builder ids = LongStream.builder();
        int count = 0;
        for (Group row = rows.next(); row != null; row = rows.next()) {
            String label = rows.label(row, labelColumn);
            if (label == null) {
                throw new ConvoyException(
                        "Cannot use " + file + ": row " + count + " of row group " + group + " has no " + labelColumn);
            }
            boolean coded = label.matches("[0-9]{1,9}") && Integer.parseInt(label) < names.size();
            labels.add(found.code(coded ? names.get(Integer.parseInt(label)) : label));
            if (idColumn != null) {
                ids.add(row.getLong(idColumn, 0));
            }
            count++;
        }
        return new ListedGroup(
                file.toString(),
                group,
                labels.build().toArray(),
                idColumn == null ? null : ids.build().toArray());
    }

    /**
     * The row groups of a file, of whose rows nobody asks for classes.
     *
     * @param firstId of the first row
     */
    static List<UnlabelledRows> unlabelled(Configuration hadoop, Path file, String imageColumn, long firstId)
            throws IOException {
        try (ParquetRows rows = ParquetRows.open(hadoop, file)) {
            rows.requireImages(imageColumn);
            List<UnlabelledRows> groups = new ArrayList<>();
            long first = firstId;
            for (int group : rows.groups()) {
                int count = rows.rows(group);
                groups.add(new UnlabelledRows(file.toString(), group, imageColumn, first, count));
                first += count;
            }
            return groups;
        } catch (RuntimeException e) {
            throw unreadable(file, e);
        }
    }

    /** Parquet's readers throw exceptions of their own for files that are not Parquet. */
    private static ConvoyException unreadable(Path file, RuntimeException e) {
        return e instanceof ConvoyException known
                ? known
                : new ConvoyException("Cannot read " + file + " as Parquet: " + Printable.firstLine(e), e);
    }

    /** Reads one row group without labels. */
    record UnlabelledRows(String file, int group, String column, long firstId, int count) implements ImageSplit {
        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            // In the task, since the driver must not give memory to what a file claims.
            long[] ids = LongStream.range(firstId, firstId + count).toArray();
            int[] labels = new int[count];
            Arrays.fill(labels, -1);
            return new RowGroup(file, group, column, ids, labels, null).read(hadoop, wanted);
        }

        @Override
        public Ids ids() {
            return new Ids(firstId, firstId + count);
        }
    }

    /**
     * Reads one row group.
     *
     * @param labels class index of each row; negative where nobody knows it
     * @param check says what the rows' hash should be; null if nobody knows
     */
    record RowGroup(String file, int group, String column, long[] rowIds, int[] labels, RowsCheck check)
            implements ImageSplit {
        RowGroup checkedBy(RowsCheck other) {
            return new RowGroup(file, group, column, rowIds, labels, other);
        }

        @Override
        public Ids ids() {
            LongSummaryStatistics all = LongStream.of(rowIds).summaryStatistics();
            return rowIds.length == 0 ? new Ids(0, 0) : new Ids(all.getMin(), all.getMax() + 1);
        }

        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            ParquetRows rows = ParquetRows.open(hadoop, new Path(file));
            RowsDigest digest = new RowsDigest();
            int[] next = {0};
            try {
                rows.open(group, List.of(column));
            } catch (IOException | RuntimeException e) {
                rows.close();
                throw e;
            }
            return new ClosingIterator(() -> next(rows, digest, next, wanted), rows);
        }

        private SourceImage next(ParquetRows rows, RowsDigest digest, int[] next, LongPredicate wanted) {
            while (next[0] < rowIds.length) {
                int index = next[0]++;
                SourceImage.Data data = data(rows.next());
                if (check != null) {
                    check.add(digest, rowIds[index], labels[index], data);
                    if (next[0] == rowIds.length) {
                        check.verify(digest, file);
                    }
                }
                if (wanted.test(rowIds[index])) {
                    return new SourceImage(rowIds[index], file + "#" + group + "." + index, labels[index], data);
                }
            }
            return null;
        }

        private SourceImage.Data data(Group row) {
            if (row.getFieldRepetitionCount(column) == 0) {
                return new SourceImage.Data.Unreadable("there is none");
            }
            if (row.getType().getType(column).isPrimitive()) {
                return new SourceImage.Data.Encoded(row.getBinary(column, 0).getBytes());
            }
            Group struct = row.getGroup(column, 0);
            if (struct.getType().containsField("bytes")) {
                return struct.getFieldRepetitionCount("bytes") == 0
                        ? new SourceImage.Data.Unreadable("it has no bytes, only a path perhaps")
                        : new SourceImage.Data.Encoded(
                                struct.getBinary("bytes", 0).getBytes());
            }
            for (String field : List.of("height", "width", "nChannels", "data")) {
                if (!struct.getType().containsField(field) || struct.getFieldRepetitionCount(field) == 0) {
                    return new SourceImage.Data.Unreadable("its struct has no " + field);
                }
            }
            return SourceImage.Data.ofSpark(
                    struct.getInteger("height", 0),
                    struct.getInteger("width", 0),
                    struct.getInteger("nChannels", 0),
                    struct.getBinary("data", 0).getBytes());
        }
    }
}
