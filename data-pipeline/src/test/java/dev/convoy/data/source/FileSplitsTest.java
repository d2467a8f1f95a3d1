package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ObjectBytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileSplitsTest {
    private static FileSplit.LabelledFile file(int i) {
        return new FileSplit.LabelledFile("hdfs://host/folder/" + i + ".png", i % 7 - 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 19, 20, 21, 5_119, 5_120, 5_376, 255_999, 256_000, 256_001, 300_000})
    void everyFileIsInOneSplitInItsPlace(int count) throws IOException {
        FileSplits files = new FileSplits();
        for (int i = 0; i < count; i++) {
            files.add(file(i).path(), file(i).label());
        }
        assertThat(files.count()).isEqualTo(count);
        List<FileSplit> splits = files.all();
        List<FileSplit.LabelledFile> found = new ArrayList<>();
        for (FileSplit split : splits) {
            assertThat(split.firstId()).isEqualTo(found.size());
            FileSplit.LabelledFile[] inIt = split.files();
            assertThat(inIt.length).isBetween(1, 1000);
            found.addAll(List.of(inIt));
        }
        assertThat(found)
                .isEqualTo(
                        IntStream.range(0, count).mapToObj(FileSplitsTest::file).toList());
        // Enough for a cluster of some size, and tasks that are worth their while.
        assertThat(splits.size()).isBetween(Math.min(256, count / 20), Math.max(300, count / 1000 + 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aMillionNamesTakeFewBytes(int seed) {
        FileSplits files = new FileSplits();
        Random random = new Random(seed);
        int count = 100_000;
        for (int i = 0; i < count; i++) {
            files.add("hdfs://namenode.example:8020/user/somebody/images/" + random.nextInt(1 << 30) + ".jpg", -1);
        }
        long bytes = files.all().stream()
                .mapToLong(split -> ObjectBytes.write(split).length)
                .sum();
        assertThat(bytes).isLessThan(16L * count);
    }
}
