package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import java.io.Serializable;
import java.util.List;

/**
 * Compares the rows of one row group of a shard with what the manifest says of them.
 *
 * @param hash that {@link RowsDigest} should have
 * @param classNames by class index, as the shard writes them
 */
record RowsCheck(String hash, List<String> classNames) implements Serializable {
    void add(RowsDigest digest, long id, int label, SourceImage.Data data) {
        byte[] bytes = data instanceof SourceImage.Data.Encoded encoded ? encoded.bytes() : new byte[0];
        digest.add(id, classNames.get(label), bytes);
    }

    void verify(RowsDigest digest, String file) {
        if (!digest.hash(0, digest.size()).equals(hash)) {
            throw new ConvoyException("Cannot use " + file
                    + ": its content is not what the manifest says (SHA-256); prepare" + " the images again");
        }
    }
}
