package dev.convoy.data.source;

import dev.convoy.data.ImageShape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes one shard of a prepared set: Parquet, which pandas and Spark can read too. */
public final class ShardWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ShardWriter.class);
    private static final MessageType SCHEMA = MessageTypeParser.parseMessageType(
            """
            message convoy {
              required int64 id;
              required binary name (STRING);
              required binary label (STRING);
              required int32 width;
              required int32 height;
              required int32 channels;
              required binary split (STRING);
              required binary image;
            }""");
    /** The size of what one task later reads at once. */
    private static final long ROW_GROUP_BYTES = 32 << 20;

    private final Path next;
    private final Path target;
    private final String file;
    private final String set;
    private final FileSystem files;
    private final ParquetWriter<Group> writer;
    private final RowsDigest digest = new RowsDigest();
    private final Configuration hadoop;
    private boolean closed;

    /**
     * Begins a file, under another name until it is whole.
     *
     * @param file under the folder
     * @param attempt tells tasks that write the same file apart
     */
    public ShardWriter(Configuration hadoop, String folder, String set, String file, long attempt) throws IOException {
        this.hadoop = hadoop;
        this.set = set;
        this.file = file;
        this.target = new Path(folder, file);
        this.next = new Path(target.getParent(), "_" + target.getName() + "." + attempt);
        this.files = target.getFileSystem(hadoop);
        this.writer = ExampleParquetWriter.builder(next)
                .withConf(hadoop)
                .withType(SCHEMA)
                .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                // Images are compressed already, and no two are alike.
                .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
                .withDictionaryEncoding(PreparedSource.IMAGE, false)
                .withRowGroupSize(ROW_GROUP_BYTES)
                .build();
    }

    /** Adds an image, as the bytes of a file. */
    public void write(long id, String name, String label, ImageShape shape, byte[] image) throws IOException {
        Group row = new SimpleGroup(SCHEMA);
        row.add(PreparedSource.ID, id);
        row.add("name", name);
        row.add(PreparedSource.LABEL, label);
        row.add("width", shape.width());
        row.add("height", shape.height());
        row.add("channels", shape.channels());
        row.add("split", set);
        row.add(PreparedSource.IMAGE, Binary.fromConstantByteArray(image));
        writer.write(row);
        digest.add(id, label, image);
    }

    /**
     * Completes the file and gives it its name, unless another attempt at the same task has done so: it wrote the same.
     */
    public DatasetManifest.Shard finish() throws IOException {
        closed = true;
        writer.close();
        List<String> groups = new ArrayList<>();
        try (ParquetFileReader written = ParquetFileReader.open(HadoopInputFile.fromPath(next, hadoop))) {
            long first = 0;
            for (BlockMetaData group : written.getRowGroups()) {
                groups.add(digest.hash(first, group.getRowCount()));
                first += group.getRowCount();
            }
        }
        if (!files.exists(target) && !files.rename(next, target) && !files.exists(target)) {
            throw new IOException("Cannot rename " + next + " to " + target);
        }
        return new DatasetManifest.Shard(
                file, digest.size(), files.getFileStatus(target).getLen(), digest.hash(0, digest.size()), groups);
    }

    /** Gives up what was not finished. */
    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            try {
                writer.close();
            } catch (IOException | RuntimeException e) {
                LOG.debug("What is given up cannot be written to its end either", e);
            }
        }
        if (files.exists(next)) {
            files.delete(next, false);
        }
    }
}
