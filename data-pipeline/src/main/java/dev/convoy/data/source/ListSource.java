package dev.convoy.data.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.storage.AtomicFiles;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.commons.io.input.BOMInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A list of files: CSV with a heading, or JSON objects, one a line, either of them gzipped or not. Two columns, whose
 * names' capitals do not matter, hold the file (relative ones start at the list's own folder) and its class, and {@code
 * split} the set if the list holds several; others are left alone. Ids are positions in the list, within the split.
 *
 * @param path of the list; {@code .csv} (commas, or semicolons if the heading has no comma), {@code .tsv}, {@code
 *     .jsonl} or {@code .ndjson}; a pattern, or a folder of such files as Spark writes it, is one list, whose files'
 *     names start beside the folder
 * @param split only lines with this value; null where the list has no such column
 * @param imageColumn that names files
 * @param labelColumn that names classes; null if nobody asks for them
 * @param anywhere whether files may lie outside of the list's folder, and on other file systems
 */
public record ListSource(String path, String split, String imageColumn, String labelColumn, boolean anywhere)
        implements ImageSource {
    /** The names of the columns, unless others are given. */
    public static final String PATH = "path";

    public static final String LABEL = "label";
    private static final String SPLIT = "split";
    private static final Pattern LIST = Pattern.compile("(?is).*\\.(csv|tsv|jsonl|ndjson)(\\.gz)?");
    private static final int HEADING = 1 << 16;

    /** Makes a list with the usual columns, whose files lie below its folder. */
    public ListSource(String path, String split) {
        this(path, split, PATH, LABEL, false);
    }

    /** A line that belongs to the split. */
    private record Entry(String file, String label) {}

    /** Whether a file's name is that of a list. */
    static boolean isList(String name) {
        return LIST.matcher(name).matches();
    }

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        List<Entry> entries = new ArrayList<>();
        Set<String> splits = new TreeSet<>();
        read(hadoop, entries::add, splits);
        check(entries, splits);
        Classes classes = new Classes(path, entries.stream().map(Entry::label).toList(), knownClasses);
        FileSplits images = new FileSplits();
        entries.forEach(entry -> images.add(entry.file, classes.indexOf(entry.label)));
        return new ImageListing(path, images.count(), classes.names(), images.all());
    }

    /** Tells the files that the list names, of all splits; classes are not asked for. */
    void eachFile(Configuration hadoop, Consumer<String> use) throws IOException {
        read(hadoop, entry -> use.accept(entry.file), new TreeSet<>());
    }

    private void read(Configuration hadoop, Consumer<Entry> entries, Set<String> splits) throws IOException {
        for (FileStatus named : HadoopFiles.named(hadoop, path)) {
            Path folder = named.getPath().getParent();
            for (FileStatus file :
                    HadoopFiles.filesNamed(hadoop, named.getPath().toString())) {
                read(hadoop, file.getPath(), folder, entries, splits);
            }
        }
    }

    private void read(Configuration hadoop, Path list, Path folder, Consumer<Entry> entries, Set<String> splits)
            throws IOException {
        FileSystem files = list.getFileSystem(hadoop);
        int number = 0;
        try (BufferedReader in = open(files, list);
                MappingIterator<Map<String, Object>> all =
                        reader(list.getName(), in).readValues(in)) {
            while (all.hasNextValue()) {
                Map<String, Object> line = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
                line.putAll(all.nextValue());
                number++;
                String splitOfLine = Objects.toString(line.get(SPLIT), null);
                splits.add(String.valueOf(splitOfLine));
                if (split == null || split.equals(splitOfLine)) {
                    require("imageColumn", imageColumn, line, number, list);
                    if (labelColumn != null) {
                        require("labelColumn", labelColumn, line, number, list);
                    }
                    Path file = resolve(files, folder, String.valueOf(line.get(imageColumn)), list, number);
                    String label = labelColumn == null ? null : String.valueOf(line.get(labelColumn));
                    entries.accept(new Entry(file.toString(), label));
                }
            }
        } catch (JsonProcessingException e) {
            throw new ConvoyException(
                    "Cannot read " + list + " after entry " + number + ": " + e.getOriginalMessage()
                            + "; mend the list",
                    e);
        } catch (EOFException | ZipException e) {
            throw new ConvoyException(
                    "Cannot read " + list + " after entry " + number
                            + ": it is cut short or no gzip file; mend the list",
                    e);
        }
    }

    private static BufferedReader open(FileSystem files, Path list) throws IOException {
        InputStream in = AtomicFiles.open(files, list);
        try {
            InputStream plain = list.getName().toLowerCase(Locale.ROOT).endsWith(".gz") ? new GZIPInputStream(in) : in;
            // Spreadsheets put a byte order mark before UTF-8.
            InputStream unmarked =
                    BOMInputStream.builder().setInputStream(plain).get();
            return new BufferedReader(new InputStreamReader(unmarked, StandardCharsets.UTF_8));
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    private Path resolve(FileSystem files, Path folder, String name, Path list, int number) {
        boolean hasScheme = name.matches("(?s)[a-z0-9]+:/.*");
        // Two arguments would take a name with a colon for a file system.
        Path file = hasScheme
                ? new Path(name)
                : files.makeQualified(
                        name.startsWith("/") ? new Path(name) : new Path(folder + (folder.isRoot() ? "" : "/") + name));
        if (!anywhere && !isBelow(file, folder)) {
            throw new InvalidValueException(
                    "anywhere",
                    false,
                    "entry " + number + " of " + list + ", " + file
                            + ", lies outside of the list's folder, and a list may be somebody else's: move the file there,"
                            + " or set this to true if you trust the list");
        }
        return file;
    }

    private static boolean isBelow(Path file, Path folder) {
        String parent = folder.toUri().normalize().getPath();
        return Objects.equals(file.toUri().getScheme(), folder.toUri().getScheme())
                && Objects.equals(file.toUri().getAuthority(), folder.toUri().getAuthority())
                && file.toUri().normalize().getPath().startsWith(parent.endsWith("/") ? parent : parent + "/");
    }

    private void check(List<Entry> entries, Set<String> splits) {
        boolean hasColumn = !splits.equals(Set.of("null"));
        if (split == null && hasColumn && !splits.isEmpty()) {
            throw new InvalidValueException(
                    "split", "none", "the entries of " + path + " belong to " + splits + ": it must be one of them");
        }
        if (entries.isEmpty()) {
            throw split == null
                    ? new ConvoyException("Cannot use " + path + ": it has no entries")
                    : new InvalidValueException("split", split, path + " has no entries of it, but of " + splits);
        }
    }

    private static void require(String property, String column, Map<String, Object> line, int number, Path list) {
        if (line.get(column) == null || String.valueOf(line.get(column)).isEmpty()) {
            throw new InvalidValueException(
                    property, column, "entry " + number + " of " + list + " has no such value but " + line);
        }
    }

    private static ObjectReader reader(String name, BufferedReader in) throws IOException {
        String plain = name.toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
        if (plain.endsWith(".csv") || plain.endsWith(".tsv")) {
            return CsvMapper.csvBuilder()
                    .enable(CsvParser.Feature.TRIM_SPACES)
                    .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                    .build()
                    .readerFor(Map.class)
                    .with(CsvSchema.emptySchema()
                            .withHeader()
                            .withColumnSeparator(plain.endsWith(".tsv") ? '\t' : separator(in)));
        }
        if (plain.endsWith(".jsonl") || plain.endsWith(".ndjson")) {
            return new ObjectMapper().readerFor(Map.class);
        }
        throw new ConvoyException("Cannot read " + name
                + " as a list; its name must end in .csv, .tsv, .jsonl or .ndjson, with or without .gz");
    }

    /** Finds what stands between columns: programs that write decimal commas write semicolons there. */
    private static char separator(BufferedReader in) throws IOException {
        in.mark(HEADING);
        char[] heading = new char[HEADING];
        int length = in.read(heading, 0, HEADING - 1);
        in.reset();
        String first =
                new String(heading, 0, Math.max(0, length)).lines().findFirst().orElse("");
        return first.indexOf(',') < 0 && first.indexOf(';') >= 0 ? ';' : ',';
    }
}
