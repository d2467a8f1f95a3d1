package dev.convoy.data.source;

import java.util.ArrayList;
import java.util.List;

/**
 * Deals files to splits, as they are found. Few names are held as they are, and all others packed, so that the driver can list millions.
 */
final class FileSplits {
    /** The number of splits that is aimed at: enough tasks for a cluster, unless each had too many files or too few. */
    private static final int SPLITS = 256;

    private static final int MAX_FILES = 1000;
    private static final int MIN_FILES = 20;

    private final List<FileSplit> full = new ArrayList<>();
    /** Of the last splits, as long as it is open how large these are. */
    private final List<FileSplit.LabelledFile> pending = new ArrayList<>();

    private long count;

    /**
     * Adds a file, whose id is its position.
     *
     * @param label class index; negative if nobody knows it
     */
    void add(String path, int label) {
        pending.add(new FileSplit.LabelledFile(path, label));
        count++;
        if (pending.size() == SPLITS * MAX_FILES) {
            deal(MAX_FILES);
        }
    }

    /** The number of files. */
    long count() {
        return count;
    }

    /** All files so far; none may be added any more. */
    List<FileSplit> all() {
        deal(full.isEmpty() ? Math.max(MIN_FILES, Math.min(MAX_FILES, pending.size() / SPLITS)) : MAX_FILES);
        return full;
    }

    private void deal(int size) {
        long firstId = count - pending.size();
        for (int first = 0; first < pending.size(); first += size) {
            full.add(FileSplit.of(firstId + first, pending.subList(first, Math.min(pending.size(), first + size))));
        }
        pending.clear();
    }
}
