package dev.convoy.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What all examples have in common: they say what Convoy knows. */
class SchedulingExamplesTest {
    private static final List<String> FILES = List.of(
            "crontab",
            "convoy-retrain.service",
            "convoy-retrain.timer",
            "cronjob.yaml",
            "spark-application.yaml",
            "scheduled-spark-application.yaml",
            "airflow_dag.py");

    @Test
    void theFolderHasTheseFilesAndTheReadmeExplainsEach() throws IOException {
        try (Stream<Path> files = Files.list(Examples.file("README.md").getParent())) {
            List<String> expected = new ArrayList<>(FILES);
            expected.add("README.md");
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(expected);
        }
        for (String name : FILES) {
            assertThat(Examples.text("README.md")).contains("`" + name + "`");
            assertThat(Examples.text(name)).as(name).contains("Change: ");
        }
    }

    @Test
    void theTableHasTheCodesThatTheCommandPromises() throws IOException {
        Map<Integer, String> table = new TreeMap<>();
        Examples.codes().forEach(row -> table.put(row.code(), row.status()));
        assertThat(table).isEqualTo(Examples.CODES);
        assertThat(Examples.codes().stream().filter(Examples.Code::isSuccess).map(Examples.Code::code))
                .containsExactly(0, 10, 11, 12);
    }

    @Test
    void everyVariableIsOneThatIsRead() throws IOException {
        String readers = Files.readString(Examples.root().resolve("scripts/convoy"))
                + Files.readString(
                        Examples.root().resolve("spark-jobs/src/main/java/dev/convoy/mlflow/MlflowCredentials.java"));
        Pattern variable = Pattern.compile("\\b(?:CONVOY|MLFLOW|OMP|OPENBLAS|HADOOP|YARN|LC)_[A-Z_]+\\b");
        TreeSet<String> used = new TreeSet<>();
        for (String name : FILES) {
            Matcher found = variable.matcher(Examples.text(name));
            while (found.find()) {
                used.add(found.group());
            }
        }
        assertThat(used).contains("CONVOY_JAVA_OPTIONS", "OMP_NUM_THREADS", "MLFLOW_TRACKING_TOKEN");
        for (String name : used) {
            assertThat(readers).contains(name);
        }
    }

    @Test
    void everyOptionAndKeyIsThere() throws IOException {
        String job = Files.readString(Examples.root().resolve("spark-jobs/src/main/java/dev/convoy/cli/Job.java"));
        String reference =
                Files.readString(Examples.root().resolve("spark-jobs/src/main/resources/dev/convoy/reference.conf"));
        for (String name : List.of("spark-application.yaml", "scheduled-spark-application.yaml")) {
            var spec = Examples.yaml(name).path("spec");
            List<String> arguments = new ArrayList<>();
            (spec.has("template") ? spec.path("template") : spec)
                    .path("arguments")
                    .forEach(each -> arguments.add(each.asText()));
            assertThat(arguments).startsWith("retrain").contains("--set");
            for (String argument : arguments) {
                if (argument.startsWith("--")) {
                    assertThat(job).contains("\"" + argument + "\"");
                } else if (argument.contains("=")) {
                    String key = argument.substring(0, argument.indexOf('='));
                    assertThat(reference)
                            .contains(key.substring(0, key.indexOf('.')))
                            .contains(key.substring(key.indexOf('.') + 1));
                }
            }
        }
    }

    @Test
    void everyJobIsTheCommandOfTheLauncher() throws IOException {
        for (String name : List.of("crontab", "convoy-retrain.service")) {
            assertThat(Examples.text(name)).contains("/opt/convoy/scripts/convoy retrain /etc/convoy/pets.conf");
        }
        assertThat(Files.isExecutable(Examples.root().resolve("scripts/convoy")))
                .isTrue();
    }
}
