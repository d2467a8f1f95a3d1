package dev.convoy.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.fs.Abortable;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * Behaves as an object store: files appear whole when they are closed, unless they are given up before, and whoever opens one last wins.
 */
public final class Store extends FilterFileSystem {
    private final URI uri;

    public Store(FileSystem under, String uri) {
        super(under);
        this.uri = URI.create(uri);
    }

    @Override
    public URI getUri() {
        return uri;
    }

    @Override
    public FSDataOutputStream create(
            Path file,
            FsPermission permission,
            boolean overwrite,
            int buffer,
            short copies,
            long block,
            Progressable progress)
            throws IOException {
        if (!overwrite && exists(file)) {
            throw new FileAlreadyExistsException(file + " exists");
        }
        return new FSDataOutputStream(new Upload(file), null);
    }

    private final class Upload extends ByteArrayOutputStream implements Abortable, StreamCapabilities {
        private final Path file;
        private boolean ended;

        Upload(Path file) {
            this.file = file;
        }

        @Override
        public boolean hasCapability(String capability) {
            return capability.equals(StreamCapabilities.ABORTABLE_STREAM);
        }

        @Override
        public AbortableResult abort() {
            ended = true;
            return null;
        }

        @Override
        public void close() throws IOException {
            if (!ended) {
                ended = true;
                try (FSDataOutputStream out = fs.create(file, true)) {
                    writeTo(out);
                }
            }
        }
    }
}
