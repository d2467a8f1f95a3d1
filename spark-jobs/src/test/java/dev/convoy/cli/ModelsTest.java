package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.model.Json;
import dev.convoy.registry.AliasChange;
import dev.convoy.registry.Lease;
import dev.convoy.registry.LeaseOptions;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.RegistryModels;
import dev.convoy.registry.VersionDraft;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of {@code convoy models}, by their words. */
class ModelsTest {
    @TempDir
    Path folder;

    private Path root;
    private RegisteredModel model;

    /** What a command has printed, and its exit code. */
    private record Outcome(int status, String out, String err) {}

    /** Three versions, of which the first two were promoted. */
    @BeforeEach
    void fill() throws IOException {
        root = folder.resolve("registry");
        ModelRegistry registry =
                ModelRegistry.of(new Configuration(), root.toString()).requireWritable();
        model = registry.create("digits");
        org.apache.hadoop.fs.Path trained =
                RegistryModels.save(model.files(), new org.apache.hadoop.fs.Path(folder.toString(), "model"), 1);
        try (Lease lease = model.acquire(new LeaseOptions("test"))) {
            VersionDraft first = RegistryModels.draft(trained, "night-1");
            model.add(lease, first);
            model.add(lease, RegistryModels.draft(trained, "night-2").withParent(1));
            model.add(
                    lease,
                    RegistryModels.draft(trained, "night-3")
                            .withParent(2)
                            .withMetrics(Map.of("test-accuracy", 0.98))
                            .withConfiguration(Map.of("optimizer.type", "adam", "train.epochs", "3"), 7));
            model.promote(lease, "champion", 0, AliasChange.promote(1, "the first"));
            model.promote(lease, "champion", 1, AliasChange.promote(2, "8 images better"));
        }
    }

    private Outcome models(String command, String... arguments) {
        List<String> line = new ArrayList<>(List.of("models", command, "--registry", root.toString()));
        line.addAll(List.of(arguments));
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
            int status = Convoy.execute(line.toArray(String[]::new));
            return new Outcome(
                    status, printed.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private String printed(String command, String... arguments) {
        Outcome outcome = models(command, arguments);
        assertThat(outcome.status).as(outcome.err).isZero();
        return outcome.out;
    }

    private String refused(String command, String... arguments) {
        Outcome outcome = models(command, arguments);
        assertThat(outcome.status).isEqualTo(1);
        assertThat(outcome.err).startsWith("error: ").hasLineCount(1);
        return outcome.err;
    }

    @Test
    void listsModelsAndVersions() throws IOException {
        assertThat(printed("list").lines())
                .containsExactly(
                        "model   versions  champion  previous  aliases   lease",
                        "digits  3         2         1         champion  -");
        assertThat(printed("list", "digits").lines())
                .hasSize(4)
                .element(2)
                .asString()
                .matches("2 +20[^ ]+Z +1 +champion +test-accuracy 0.9700 +night of night-2");
        JsonNode json = Json.MAPPER.readTree(printed("list", "--json"));
        assertThat(json.at("/0/champion").asInt()).isEqualTo(2);
        assertThat(json.at("/0/versions")).hasSize(3);
        assertThat(Json.MAPPER
                        .readTree(printed("list", "digits", "--json"))
                        .at("/2/version/run-key")
                        .asText())
                .isEqualTo("night-3");
    }

    @Test
    void showsVersionsByAliasNumberAndTime() throws IOException {
        assertThat(printed("show", "digits"))
                .contains("digits@2", "champion", "night-2", "cat, dog", "optimizer.type = momentum");
        assertThat(printed("show", "digits@previous")).contains("digits@1");
        assertThat(printed("show", "registry:digits@3")).contains("digits@3");
        assertThat(Json.MAPPER
                        .readTree(printed("show", "digits@3", "--json"))
                        .at("/version/metrics/test-accuracy")
                        .asDouble())
                .isEqualTo(0.98);
        String first = model.alias("champion").read().entries().get(0).time();
        String second = model.alias("champion").read().entries().get(1).time();
        if (!first.equals(second)) {
            assertThat(printed("show", "digits", "--at", first)).contains("digits@1");
        }
        assertThat(printed("show", "digits", "--at", second)).contains("digits@2");
        assertThat(printed("show", "digits", "--at", second.substring(0, 10))).contains("digits@2");
        assertThat(refused("show", "digits", "--at", "2020-01-01T00:00:00")).contains("it pointed nowhere then");
        assertThat(refused("show", "digits", "--at", "yesterday")).contains("give a time as");
        assertThat(refused("show", "digits@3", "--at", "2020-01-01")).contains("versions do not change");
        assertThat(refused("show", "cats")).contains("it holds [digits]");
        assertThat(refused("show", "digits@staging")).contains("the alias points nowhere");
    }

    @Test
    void promotesAndRollsBackWithAReason() throws IOException {
        assertThat(printed("promote", "digits@3", "--reason", "looks good"))
                .isEqualTo("digits@champion is version 3 (entry 3)\n");
        assertThat(printed("promote", "digits@champion", "--alias", "staging", "--reason", "to try"))
                .isEqualTo("digits@staging is version 3 (entry 1)\n");
        assertThat(printed("rollback", "digits", "--reason", "token=abcdefgh is worse"))
                .isEqualTo("digits@champion is version 2 again (entry 4)\n");
        assertThat(printed("rollback", "digits@1", "--reason", "further")).contains("version 1 again (entry 5)");
        assertThat(printed("history", "digits").lines())
                .hasSize(6)
                .element(2)
                .asString()
                .matches("4 +20.*rollback +2 .*token=<redacted> is worse");
        assertThat(Json.MAPPER
                        .readTree(printed("history", "digits@staging", "--json"))
                        .at("/0/version")
                        .asInt())
                .isEqualTo(3);
        assertThat(refused("promote", "digits@7", "--reason", "?")).contains("Cannot find version 7");
        assertThat(refused("promote", "digits@1", "--alias", "previous", "--reason", "?"))
                .contains("it follows from that of champion");
        assertThat(refused("promote", "digits@1", "--reason", " ")).contains("give a reason");
        assertThat(models("promote", "digits@1").status).as("without --reason").isEqualTo(2);
        try (Lease lease = model.acquire(new LeaseOptions("retrain"))) {
            assertThat(refused("promote", "digits@1", "--reason", "now")).contains("LOCKED by retrain (process ");
            assertThat(printed("list")).contains("retrain (process ");
            lease.checkHeld();
        }
        assertThat(printed("promote", "digits@1", "--reason", "now", "--wait", "5"))
                .contains("is version 1");
    }

    @Test
    void tellsDifferencesAndFaultsAndTakesAway() throws IOException {
        assertThat(printed("diff", "digits@2", "digits@3").lines())
                .containsExactly(
                        "section        key             digits@2  digits@3",
                        "training       parent          1         2",
                        "configuration  optimizer.type  momentum  adam",
                        "metrics        test-accuracy   0.97      0.98");
        assertThat(printed("diff", "digits", "digits@2")).isEqualTo("no differences\n");
        assertThat(printed("verify")).isEqualTo("digits: 3 versions, 1 aliases, 0 decisions, no faults\n");
        printed("promote", "digits@3", "--reason", "better");
        assertThat(printed("gc", "digits", "--keep-versions", "1"))
                .contains("would be taken away (--apply does it): none");
        Files.writeString(root.resolve("digits/versions/3/manifest.json"), "[]");
        Outcome outcome = models("verify", "digits");
        assertThat(outcome.status).isEqualTo(1);
        assertThat(outcome.out)
                .contains("fault: digits/versions/3/manifest.json: it is not what SHA256SUMS says", "1 faults");
    }
}
