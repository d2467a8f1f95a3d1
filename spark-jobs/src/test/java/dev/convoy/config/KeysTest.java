package dev.convoy.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * docs/keys.md is made of reference.conf, where every key has its default and its sentence: {@code mvn test -pl spark-jobs -am
 * -Dtest=KeysTest -Dsurefire.failIfNoSpecifiedTests=false -Dconvoy.update=true} makes it anew.
 */
class KeysTest {
    private static final String HEAD =
            """
            # Every key

            Made of [reference.conf](../spark-jobs/src/main/resources/dev/convoy/reference.conf) by a test.
            [configuration.md](configuration.md) explains what belongs together.

            | key | default | |
            | --- | --- | --- |
            """;

    private static final Pattern VALUE = Pattern.compile("\\s*([a-z-]+) = (.*?)\\s*(?:#\\s*(.*))?");
    private static final Pattern OBJECT = Pattern.compile("\\s*([a-z-]+) (\\{.*?\\})\\s*(?:#\\s*(.*))?");
    private static final Pattern OPEN = Pattern.compile("\\s*([a-z-]+) \\{\\s*(?:#\\s*(.*))?");
    private static final Pattern OPTIONAL =
            Pattern.compile("\\s*# ([a-z.-]+) (?:= (.*?)|(\\{.*?\\}))(?:\\s{2,}#\\s*(.*))?");
    private static final Pattern MORE = Pattern.compile("\\s*#\\s*(.*)");

    /** A row of the table. */
    private record Row(String key, String value, String sentence) {
        String line() {
            return "| `" + key + "` | " + (value.isEmpty() ? "" : "`" + cell(value) + "`") + " | " + cell(sentence)
                    + " |";
        }

        private static String cell(String text) {
            return text.replace("|", "\\|");
        }
    }

    private static List<Row> rows(String conf) {
        List<Row> rows = new ArrayList<>();
        Deque<String> path = new ArrayDeque<>();
        for (String line : conf.lines().skip(2).toList()) {
            Matcher object = OBJECT.matcher(line);
            Matcher value = VALUE.matcher(line);
            Matcher open = OPEN.matcher(line);
            Matcher optional = OPTIONAL.matcher(line);
            Matcher more = MORE.matcher(line);
            if (object.matches()) {
                rows.add(new Row(key(path, object.group(1)), object.group(2), text(object.group(3))));
            } else if (value.matches()) {
                rows.add(new Row(key(path, value.group(1)), value.group(2), text(value.group(3))));
            } else if (open.matches()) {
                path.addLast(open.group(1));
                if (open.group(2) != null) {
                    rows.add(new Row(key(path, ""), "", open.group(2)));
                }
            } else if (line.strip().equals("}")) {
                path.removeLast();
            } else if (optional.matches()) {
                String example = optional.group(2) == null ? optional.group(3) : optional.group(2);
                String sentence = text(optional.group(4));
                rows.add(new Row(
                        key(path, optional.group(1)),
                        "",
                        "not set; for example `" + example + "`" + (sentence.isEmpty() ? "" : ": " + sentence)));
            } else if (more.matches() && !rows.isEmpty()) {
                Row last = rows.remove(rows.size() - 1);
                rows.add(new Row(last.key, last.value, last.sentence + " " + more.group(1)));
            }
        }
        return rows;
    }

    private static String key(Deque<String> path, String name) {
        String prefix = String.join(".", path);
        return name.isEmpty() ? prefix + ".*" : prefix.isEmpty() ? name : prefix + "." + name;
    }

    private static String text(String comment) {
        return comment == null ? "" : comment;
    }

    @Test
    void theTableIsThatOfTheCode() throws IOException {
        String conf;
        try (InputStream in = ConfigReader.class.getResourceAsStream("/dev/convoy/reference.conf")) {
            conf = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        List<Row> rows = rows(conf);
        String table = HEAD + rows.stream().map(Row::line).collect(Collectors.joining("\n")) + "\n";
        Path file = Path.of(System.getProperty("convoy.root"), "docs/keys.md");
        if (Boolean.getBoolean("convoy.update")) {
            Files.writeString(file, table);
        }
        assertThat(file).content().isEqualTo(table);
        // Every key that has a default is there, with a sentence.
        Config reference = ConfigFactory.parseString(conf);
        List<String> keys = rows.stream().map(Row::key).toList();
        assertThat(keys).doesNotHaveDuplicates().contains("data.test", "network.init-from", "network.freeze");
        reference.entrySet().forEach(entry -> assertThat(keys)
                .as(entry.getKey())
                .anyMatch(key -> entry.getKey().equals(key) || entry.getKey().startsWith(key + ".")));
    }
}
