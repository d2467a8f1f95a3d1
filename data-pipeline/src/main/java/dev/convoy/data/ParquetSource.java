package dev.convoy.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Spliterators;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * Parquet files, as Spark writes a DataFrame. The image column holds files (JPEG, PNG, ...) as binary, or a struct with them in {@code bytes}
 * (as Hugging Face's datasets), or Spark's own image struct; the label column holds numbers or strings. Row groups are what one task reads. Ids
 * are positions, over files in the order of their names, unless a column gives them.
 *
 * @param path a file, a folder of files, or a pattern
 * @param idColumn null for positions
 */
public record ParquetSource(String path, String imageColumn, String labelColumn, String idColumn)
        implements ImageSource {
    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        List<Part> parts = new ArrayList<>();
        for (FileStatus file : HadoopFiles.filesNamed(hadoop, path)) {
            if (file.getPath().getName().endsWith(".parquet")) {
                parts.addAll(parts(hadoop, file));
            }
        }
        long images = parts.stream().mapToLong(part -> part.labels.size()).sum();
        if (images == 0) {
            throw new ConvoyException("Cannot use " + path + ": it has no rows in files that end in .parquet");
        }
        Classes classes = new Classes(
                path,
                parts.stream().flatMap(part -> part.labels.stream()).distinct().toList(),
                knownClasses);
        List<RowGroup> splits = new ArrayList<>();
        long first = 0;
        for (Part part : parts) {
            int[] labels = part.labels.stream().mapToInt(classes::indexOf).toArray();
            long[] ids = part.ids != null
                    ? part.ids
                    : LongStream.range(first, first + labels.length).toArray();
            splits.add(new RowGroup(part.file, part.group, imageColumn, ids, labels));
            first += labels.length;
        }
        return new ImageListing(path, images, classes.names(), splits);
    }

    /** A row group, as the driver sees it. */
    private record Part(String file, int group, List<String> labels, long[] ids) {}

    private List<Part> parts(Configuration hadoop, FileStatus file) throws IOException {
        List<Part> parts = new ArrayList<>();
        try (Rows rows = Rows.open(hadoop, file.getPath())) {
            rows.require(imageColumn, path);
            rows.require(labelColumn, path);
            List<String> columns = idColumn == null ? List.of(labelColumn) : List.of(labelColumn, idColumn);
            for (int group = 0; rows.nextGroup(columns); group++) {
                List<String> labels = new ArrayList<>();
                LongStream.Builder ids = LongStream.builder();
                for (Group row = rows.next(); row != null; row = rows.next()) {
                    if (row.getFieldRepetitionCount(labelColumn) == 0) {
                        throw new ConvoyException("Cannot use " + file.getPath() + ": row " + labels.size()
                                + " of row group " + group + " has no " + labelColumn);
                    }
                    labels.add(row.getValueToString(row.getType().getFieldIndex(labelColumn), 0)
                            .intern());
                    if (idColumn != null) {
                        ids.add(row.getLong(idColumn, 0));
                    }
                }
                parts.add(new Part(
                        file.getPath().toString(),
                        group,
                        labels,
                        idColumn == null ? null : ids.build().toArray()));
            }
        } catch (RuntimeException e) {
            if (e instanceof ConvoyException) {
                throw e;
            }
            // Parquet's readers throw these for files that are not Parquet.
            throw new ConvoyException("Cannot read " + file.getPath() + " as Parquet: " + e.getMessage(), e);
        }
        return parts;
    }

    /** A file's rows, one row group after the other. */
    private static final class Rows implements Closeable {
        private final ParquetFileReader reader;
        private final MessageType schema;
        private RecordReader<Group> records;
        private long left;

        private Rows(ParquetFileReader reader) {
            this.reader = reader;
            this.schema = reader.getFooter().getFileMetaData().getSchema();
        }

        static Rows open(Configuration hadoop, Path file) throws IOException {
            return new Rows(ParquetFileReader.open(HadoopInputFile.fromPath(file, hadoop)));
        }

        void require(String column, String path) {
            if (!schema.containsField(column)) {
                throw new ConvoyException("Cannot use " + path + ": it has no column " + column + " but "
                        + schema.getFields().stream().map(Type::getName).toList()
                        + "; set image-column and label-column");
            }
        }

        boolean skipGroup() {
            return reader.skipNextRowGroup();
        }

        /** Goes on to the next row group; false if there is none. */
        boolean nextGroup(List<String> columns) throws IOException {
            MessageType wanted = new MessageType(
                    schema.getName(), columns.stream().map(schema::getType).toList());
            reader.setRequestedSchema(wanted);
            PageReadStore pages = reader.readNextRowGroup();
            if (pages == null) {
                return false;
            }
            left = pages.getRowCount();
            records = new ColumnIOFactory()
                    .getColumnIO(wanted, schema)
                    .getRecordReader(pages, new GroupRecordConverter(wanted));
            return true;
        }

        /** The next row of the group; null if there is none. */
        Group next() {
            return left-- > 0 ? records.read() : null;
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }

    private record RowGroup(String file, int group, String column, long[] ids, int[] labels) implements ImageSplit {
        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            Rows rows = Rows.open(hadoop, new Path(file));
            for (int i = 0; i < group; i++) {
                rows.skipGroup();
            }
            rows.nextGroup(List.of(column));
            Iterator<SourceImage> images = new Iterator<>() {
                private int next;

                @Override
                public boolean hasNext() {
                    return next < ids.length;
                }

                @Override
                public SourceImage next() {
                    SourceImage image = image(rows.next(), next++, wanted);
                    if (!hasNext()) {
                        close(rows);
                    }
                    return image;
                }
            };
            return StreamSupport.stream(Spliterators.spliteratorUnknownSize(images, 0), false)
                    .filter(Objects::nonNull)
                    .iterator();
        }

        /** Null if it is not wanted. */
        private SourceImage image(Group row, int index, LongPredicate wanted) {
            if (!wanted.test(ids[index])) {
                return null;
            }
            String name = file + "#" + group + "." + index;
            return new SourceImage(ids[index], name, labels[index], data(row));
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
                        ? new SourceImage.Data.Unreadable("it has no bytes")
                        : new SourceImage.Data.Encoded(
                                struct.getBinary("bytes", 0).getBytes());
            }
            return sparkImage(struct);
        }

        /** Rows of pixels, channels interleaved in the order blue, green, red and perhaps alpha. */
        private static SourceImage.Data sparkImage(Group struct) {
            int height = struct.getInteger("height", 0);
            int width = struct.getInteger("width", 0);
            int channels = struct.getInteger("nChannels", 0);
            byte[] interleaved = struct.getBinary("data", 0).getBytes();
            if (height < 1 || width < 1 || interleaved.length != (long) height * width * channels) {
                return new SourceImage.Data.Unreadable("its struct says " + height + "x" + width + "x" + channels
                        + " but holds " + interleaved.length + " bytes");
            }
            ImageShape shape = new ImageShape(channels == 1 ? 1 : 3, height, width);
            byte[] planes = new byte[shape.size()];
            int plane = height * width;
            for (int i = 0; i < plane; i++) {
                for (int channel = 0; channel < shape.channels(); channel++) {
                    planes[channel * plane + i] = interleaved[i * channels + shape.channels() - 1 - channel];
                }
            }
            return new SourceImage.Data.Pixels(shape, planes);
        }

        private static void close(Rows rows) {
            try {
                rows.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
