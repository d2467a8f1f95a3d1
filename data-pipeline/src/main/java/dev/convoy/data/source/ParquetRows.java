package dev.convoy.data.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Printable;
import java.io.Closeable;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/** The rows of a Parquet file, one row group after the other; checksums of pages are verified where there are any. */
final class ParquetRows implements Closeable {
    /**
     * Row groups are made to hold some hundred megabytes; more rows are a claim that costs the file nothing and readers
     * much.
     */
    private static final long MAX_ROWS = 10_000_000;

    private final String path;
    private final ParquetFileReader reader;
    private final MessageType schema;
    private RecordReader<Group> records;
    private int opened;
    private long left;

    private ParquetRows(Path file, ParquetFileReader reader) {
        this.path = file.toString();
        this.reader = reader;
        this.schema = reader.getFooter().getFileMetaData().getSchema();
    }

    static ParquetRows open(Configuration hadoop, Path file) throws IOException {
        return new ParquetRows(
                file,
                ParquetFileReader.open(
                        HadoopInputFile.fromPath(file, hadoop),
                        HadoopReadOptions.builder(hadoop)
                                .usePageChecksumVerification(true)
                                .build()));
    }

    /** The numbers of those row groups that have rows; writers that were given an empty batch write empty ones. */
    int[] groups() {
        return IntStream.range(0, reader.getRowGroups().size())
                .filter(group -> reader.getRowGroups().get(group).getRowCount() > 0)
                .toArray();
    }

    /** How many rows a row group has. */
    int rows(int group) {
        return Math.toIntExact(
                Math.min(MAX_ROWS, reader.getRowGroups().get(group).getRowCount()));
    }

    /** Goes to a row group. */
    void open(int group, List<String> columns) throws IOException {
        long rows = reader.getRowGroups().get(group).getRowCount();
        if (rows > MAX_ROWS) {
            throw new ConvoyException("Cannot use " + path + ": its row group " + group + " claims " + rows
                    + " rows; at most " + MAX_ROWS + " are read");
        }
        MessageType wanted = new MessageType(
                schema.getName(), columns.stream().map(schema::getType).toList());
        reader.setRequestedSchema(wanted);
        opened = group;
        try {
            PageReadStore pages = reader.readRowGroup(group);
            left = pages.getRowCount();
            records = new ColumnIOFactory()
                    .getColumnIO(wanted, schema)
                    .getRecordReader(pages, new GroupRecordConverter(wanted));
        } catch (RuntimeException e) {
            throw damaged(e);
        }
    }

    /** The next row of the group; null if there is none. */
    Group next() {
        try {
            return left-- > 0 ? records.read() : null;
        } catch (RuntimeException e) {
            throw damaged(e);
        }
    }

    private ConvoyException damaged(RuntimeException e) {
        return new ConvoyException(
                "Cannot read " + path + ": its row group " + opened + " is damaged ("
                        + Printable.firstLine(e)
                        + "); fetch or prepare it again",
                e);
    }

    /** Fails unless the column holds images: bytes, or a struct with them. */
    void requireImages(String column) {
        Type type = required("imageColumn", column);
        boolean struct = !type.isPrimitive()
                && (type.asGroupType().containsField("bytes")
                        || type.asGroupType().containsField("data"));
        boolean bytes = type.isPrimitive()
                && type.asPrimitiveType().getPrimitiveTypeName() == PrimitiveType.PrimitiveTypeName.BINARY;
        if (type.isRepetition(Type.Repetition.REPEATED) || !struct && !bytes) {
            throw unsuitable(column, type, "one image a row: bytes, or a struct that has them in bytes");
        }
    }

    /** Fails unless the column holds numbers or strings. */
    void requireLabels(String column) {
        Type type = required("labelColumn", column);
        if (!type.isPrimitive() || type.isRepetition(Type.Repetition.REPEATED)) {
            throw unsuitable(column, type, "one class a row: a number or a string");
        }
    }

    private Type required(String property, String column) {
        if (!schema.containsField(column)) {
            throw new InvalidValueException(
                    property,
                    column,
                    path + " has the columns "
                            + schema.getFields().stream().map(Type::getName).toList());
        }
        return schema.getType(column);
    }

    private ConvoyException unsuitable(String column, Type type, String wanted) {
        String text = type.toString().replaceAll("\\s+", " ");
        return new ConvoyException(
                "Cannot use the column " + column + " of " + path + ": it is " + text + "; wanted is " + wanted);
    }

    /** A row's label as text; null if it has none. */
    String label(Group row, String column) {
        if (row.getFieldRepetitionCount(column) == 0) {
            return null;
        }
        PrimitiveType type = schema.getType(column).asPrimitiveType();
        if (type.getLogicalTypeAnnotation() instanceof DecimalLogicalTypeAnnotation decimal) {
            BigInteger unscaled =
                    switch (type.getPrimitiveTypeName()) {
                        case INT32 -> BigInteger.valueOf(row.getInteger(column, 0));
                        case INT64 -> BigInteger.valueOf(row.getLong(column, 0));
                        default -> new BigInteger(row.getBinary(column, 0).getBytes());
                    };
            return new BigDecimal(unscaled, decimal.getScale()).toPlainString();
        }
        return row.getValueToString(row.getType().getFieldIndex(column), 0);
    }

    /**
     * The names that numbers in a column stand for, as Hugging Face's datasets write them beside; empty if there are
     * none.
     */
    List<String> classNames(String column) {
        String features =
                reader.getFooter().getFileMetaData().getKeyValueMetaData().get("huggingface");
        if (features == null) {
            return List.of();
        }
        try {
            JsonNode label = new ObjectMapper()
                    .readTree(features)
                    .path("info")
                    .path("features")
                    .path(column);
            List<String> names = new ArrayList<>();
            if (label.path("_type").asText().equals("ClassLabel")) {
                label.path("names").forEach(name -> names.add(name.asText()));
            }
            return names;
        } catch (JsonProcessingException e) {
            // Somebody else's idea of these words.
            return List.of();
        }
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
