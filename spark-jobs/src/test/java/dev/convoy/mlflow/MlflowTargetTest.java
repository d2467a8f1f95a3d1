package dev.convoy.mlflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.InvalidValueException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MlflowTargetTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "databricks://profile",
                "mlflow",
                "file:///mlruns",
                "http:///path",
                "http://me:hunter2hunter2@host",
                "http://hunter2hunter2@host",
                "http://host/?token=hunter2hunter2"
            })
    void addressesThatCannotBeUsedAreRefusedWithoutTheirSecrets(String uri) {
        assertThatThrownBy(() -> new MlflowTarget(URI.create(uri), "pets", MlflowCredentials.none()))
                .isInstanceOfSatisfying(InvalidValueException.class, e -> {
                    assertThat(e.property()).isEqualTo("uri");
                    assertThat(e.getMessage() + e.value()).doesNotContain("hunter2");
                });
    }

    @Test
    void namesAndTimesAreChecked() {
        MlflowTarget target = new MlflowTarget(URI.create("https://host/mlflow"), "pets", MlflowCredentials.none());
        assertThat(target.total()).isEqualTo(Duration.ofSeconds(30));
        assertThat(target.connect()).isEqualTo(Duration.ofSeconds(5));
        assertThatThrownBy(() -> new MlflowTarget(target.uri(), "pets' or name='x", target.credentials()))
                .isInstanceOf(InvalidValueException.class);
        assertThatThrownBy(() -> target.withTimes(Duration.ZERO, target.connect()))
                .isInstanceOf(InvalidValueException.class);
    }

    @Test
    void credentialsAreThoseOfMlflowsOwnClients() {
        Map<String, String> all = Map.of(
                MlflowCredentials.TOKEN, "0123456789",
                MlflowCredentials.USERNAME, "me",
                MlflowCredentials.PASSWORD, "hunter2");
        assertThat(MlflowCredentials.from(all).header()).contains("Basic bWU6aHVudGVyMg==");
        assertThat(MlflowCredentials.from(Map.of(MlflowCredentials.TOKEN, " 0123456789\n"))
                        .header())
                .contains("Bearer 0123456789");
        assertThat(MlflowCredentials.from(Map.of(MlflowCredentials.USERNAME, "me"))
                        .header())
                .isEmpty();
        assertThat(MlflowCredentials.from(Map.of()).header()).isEmpty();
        assertThat(MlflowCredentials.from(all)).hasToString("<redacted>");
        assertThat(MlflowCredentials.from(all).line("no: hunter2, bWU6aHVudGVyMg==\nsecond"))
                .isEqualTo("no: <redacted>, <redacted>\\u000Asecond");
    }

    @Test
    void aTokenThatNoHeaderTakesIsLeftOutWithoutBeingShown() {
        try (LogLines log = new LogLines(MlflowCredentials.class)) {
            assertThat(MlflowCredentials.from(Map.of(MlflowCredentials.TOKEN, "sesame\r\nX-Evil: 1"))
                            .header())
                    .isEmpty();
            assertThat(log.lines).hasSize(1).noneMatch(line -> line.contains("sesame"));
        }
    }

    @Test
    void keysBecomeSuchAsMlflowTakes() {
        assertThat(MlflowNames.key("recall:cat")).isEqualTo("recall_cat");
        assertThat(MlflowNames.key("/a//b/")).doesNotStartWith("/").doesNotEndWith("/");
        assertThat(MlflowNames.key("../x")).doesNotContain("/");
        assertThat(MlflowNames.key("a/./b")).doesNotContain("/");
        assertThat(MlflowNames.key("test/accuracy")).isEqualTo("test/accuracy");
        assertThat(MlflowNames.key("k".repeat(300))).hasSize(250);
        assertThat(MlflowNames.cut("ab\ud83d\ude00", 3)).isEqualTo("ab");
        assertThat(MlflowNames.isAlias("champion")).isTrue();
        assertThat(MlflowNames.isAlias("V12")).isFalse();
    }

    @Test
    void publicationsThatAreNoneAreRefused() {
        assertThatThrownBy(() -> new Publication(0, "a:/b", Map.of(), Map.of(), Map.of(), Map.of()))
                .isInstanceOf(InvalidValueException.class);
        assertThatThrownBy(() -> new Publication(1, " ", Map.of(), Map.of(), Map.of(), Map.of()))
                .isInstanceOf(InvalidValueException.class);
        assertThatThrownBy(() -> new Publication(1, "a:/b", Map.of(), Map.of(), Map.of(), Map.of("champion", 0)))
                .isInstanceOf(InvalidValueException.class);
    }
}
