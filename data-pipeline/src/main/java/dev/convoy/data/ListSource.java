package dev.convoy.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.convoy.data.FileSplit.LabelledFile;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A list of files: CSV with a heading, or JSON objects, one a line. Columns {@code path} (relative ones start at the list's own folder)
 * and {@code label}, and {@code split} if the list holds several sets; others are left alone. Ids are positions in the list, within
 * the split.
 *
 * @param path of the list; {@code .csv}, or {@code .jsonl} or {@code .ndjson}
 * @param split only lines with this value; null where the list has no such column
 */
public record ListSource(String path, String split) implements ImageSource {
    private static final String PATH = "path";
    private static final String LABEL = "label";
    private static final String SPLIT = "split";

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        List<Map<String, Object>> lines = read(hadoop);
        Classes classes = new Classes(
                path,
                lines.stream().map(line -> String.valueOf(line.get(LABEL))).toList(),
                knownClasses);
        Path folder = new Path(path).getParent();
        List<LabelledFile> images = new ArrayList<>(lines.size());
        for (Map<String, Object> line : lines) {
            String name = String.valueOf(line.get(PATH));
            // Two arguments would take a name with a colon for a file system.
            Path file = name.matches("(?s)([a-z0-9]+:)?/.*") ? new Path(name) : new Path(folder + "/" + name);
            images.add(new LabelledFile(file.toString(), classes.indexOf(String.valueOf(line.get(LABEL)))));
        }
        return new ImageListing(path, images.size(), classes.names(), FileSplit.of(images));
    }

    private List<Map<String, Object>> read(Configuration hadoop) throws IOException {
        List<Map<String, Object>> lines = new ArrayList<>();
        Set<Object> splits = new TreeSet<>();
        Path file = HadoopFiles.named(hadoop, path).get(0).getPath();
        int number = 0;
        try (Reader in = new InputStreamReader(file.getFileSystem(hadoop).open(file), StandardCharsets.UTF_8);
                MappingIterator<Map<String, Object>> all = reader().readValues(in)) {
            while (all.hasNextValue()) {
                Map<String, Object> line = all.nextValue();
                number++;
                if (isMissing(line, PATH) || isMissing(line, LABEL)) {
                    throw new ConvoyException("Cannot use entry " + number + " of " + path + ": it has " + line
                            + "; every one needs path and label");
                }
                splits.add(String.valueOf(line.get(SPLIT)));
                if (split == null || split.equals(line.get(SPLIT))) {
                    lines.add(Map.of(PATH, line.get(PATH), LABEL, line.get(LABEL)));
                }
            }
        } catch (JsonProcessingException e) {
            throw new ConvoyException(
                    "Cannot read " + path + " after entry " + number + ": " + e.getOriginalMessage()
                            + "; mend the list",
                    e);
        }
        check(lines, splits);
        return lines;
    }

    private void check(List<?> lines, Set<Object> splits) {
        boolean hasColumn = !splits.equals(Set.of("null"));
        if (split == null && hasColumn && !splits.isEmpty()) {
            throw new ConvoyException("Cannot use " + path + " without split: its entries belong to " + splits
                    + "; set split to one of them");
        }
        if (lines.isEmpty()) {
            throw new ConvoyException("Cannot use " + path + ": it has no entries"
                    + (split == null ? "" : " with split = " + split + ", but " + splits));
        }
    }

    private static boolean isMissing(Map<String, Object> line, String column) {
        return line.get(column) == null || String.valueOf(line.get(column)).isEmpty();
    }

    private ObjectReader reader() {
        if (path.endsWith(".csv")) {
            return CsvMapper.csvBuilder()
                    .enable(CsvParser.Feature.TRIM_SPACES)
                    .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                    .build()
                    .readerFor(Map.class)
                    .with(CsvSchema.emptySchema().withHeader());
        }
        if (path.endsWith(".jsonl") || path.endsWith(".ndjson")) {
            return new ObjectMapper().readerFor(Map.class);
        }
        throw new ConvoyException("Cannot read " + path + " as a list; its name must end in .csv, .jsonl or .ndjson");
    }
}
