package dev.convoy.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The units for systemd: read as it reads them, every directive one that it knows. */
class SystemdTest {
    /** Of each section, the directives that units here may have. */
    private static final Map<String, Set<String>> KNOWN = Map.of(
            "Unit", Set.of("Description", "Documentation", "Wants", "After", "OnFailure"),
            "Service",
                    Set.of(
                            "Type",
                            "User",
                            "WorkingDirectory",
                            "Environment",
                            "EnvironmentFile",
                            "ExecStart",
                            "SuccessExitStatus",
                            "TimeoutStartSec",
                            "TimeoutStopSec",
                            "KillSignal",
                            "KillMode",
                            "Restart",
                            "UMask",
                            "MemoryMax",
                            "NoNewPrivileges"),
            "Timer", Set.of("OnCalendar", "Persistent", "RandomizedDelaySec", "AccuracySec", "Unit"),
            "Install", Set.of("WantedBy"));

    private static final Pattern SECTION = Pattern.compile("\\[([A-Za-z]+)]");
    private static final Pattern DIRECTIVE = Pattern.compile("([A-Za-z]+)=(.*)");
    private static final Pattern DAILY = Pattern.compile("\\*-\\*-\\* (\\d\\d):(\\d\\d):(\\d\\d)");

    private static Map<String, String> read(String text) {
        Map<String, String> values = new TreeMap<>();
        String section = "";
        for (String line : text.lines().toList()) {
            Matcher head = SECTION.matcher(line);
            Matcher directive = DIRECTIVE.matcher(line);
            if (head.matches()) {
                section = head.group(1);
                assertThat(KNOWN).containsKey(section);
            } else if (directive.matches()) {
                assertThat(KNOWN.get(section)).contains(directive.group(1));
                String old = values.put(section + "." + directive.group(1), directive.group(2));
                assertThat(old).as("%s is there twice", line).isNull();
            } else {
                assertThat(line.isBlank() || line.startsWith("#")).as(line).isTrue();
            }
        }
        return values;
    }

    @Test
    void theServiceIsOneNight() throws IOException {
        Map<String, String> unit = read(Examples.text("convoy-retrain.service"));
        assertThat(unit)
                .containsEntry("Service.Type", "oneshot")
                .containsEntry("Service.Restart", "no")
                .containsEntry("Service.KillSignal", "SIGTERM")
                .containsEntry("Service.TimeoutStartSec", "infinity");
        // Convoy needs some 25 seconds.
        assertThat(Integer.parseInt(unit.get("Service.TimeoutStopSec"))).isGreaterThanOrEqualTo(60);
        assertThat(unit.get("Service.ExecStart").split(" "))
                .satisfies(words -> assertThat(words[0]).startsWith("/"))
                .satisfies(words -> assertThat(words[1]).isEqualTo("retrain"))
                .satisfies(words -> assertThat(words[2]).startsWith("/"));
        List<String> successes = new ArrayList<>();
        for (Examples.Code row : Examples.codes()) {
            if (row.isSuccess() && row.code() != 0) {
                successes.add(String.valueOf(row.code()));
            }
        }
        assertThat(unit.get("Service.SuccessExitStatus").split(" ")).containsExactlyElementsOf(successes);
    }

    @Test
    void theTimerStartsItOnceADayAndCatchesUp() throws IOException {
        Map<String, String> unit = read(Examples.text("convoy-retrain.timer"));
        assertThat(unit)
                .containsEntry("Timer.Persistent", "true")
                .containsEntry("Timer.Unit", "convoy-retrain.service")
                .containsEntry("Install.WantedBy", "timers.target");
        assertThat(unit.get("Timer.RandomizedDelaySec")).matches("[1-9][0-9]*min");
        Matcher time = DAILY.matcher(unit.get("Timer.OnCalendar"));
        assertThat(time.matches()).isTrue();
        assertThat(Integer.parseInt(time.group(1))).isLessThan(24);
        assertThat(Integer.parseInt(time.group(2))).isLessThan(60);
        assertThat(Integer.parseInt(time.group(3))).isLessThan(60);
    }

    @Test
    void systemdItselfReadsTheTimeWhereItIs() throws Exception {
        String time = read(Examples.text("convoy-retrain.timer")).get("Timer.OnCalendar");
        try {
            Examples.Ended ended = Examples.run("", List.of("systemd-analyze", "calendar", time));
            assertThat(ended.code()).as(ended.output()).isZero();
        } catch (IOException e) {
            Assumptions.abort("There is no systemd-analyze: " + e.getMessage());
        }
    }

    @Test
    void aMisspeltDirectiveWouldBeSeen() {
        assertThatThrownBy(() -> read("[Service]\nTimeoutStopSeconds=3\n")).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> read("[Timer]\nPersistent true\n")).isInstanceOf(AssertionError.class);
    }
}
