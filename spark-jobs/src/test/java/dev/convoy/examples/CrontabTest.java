package dev.convoy.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The line for cron: read by a parser of such lines, and run by a shell. */
class CrontabTest {
    private static final Pattern ASSIGNMENT = Pattern.compile("[A-Z_]+=\\S.*");

    @TempDir
    Path folder;

    private static List<String> jobs() throws IOException {
        return Examples.text("crontab")
                .lines()
                .filter(line -> !line.startsWith("#")
                        && !line.isBlank()
                        && !ASSIGNMENT.matcher(line).matches())
                .toList();
    }

    private static String command() throws IOException {
        return jobs().get(0).split("\\s+", 6)[5];
    }

    @Test
    void startsOnceANight() throws IOException {
        assertThat(jobs()).hasSize(1);
        String[] fields = jobs().get(0).split("\\s+", 6);
        String schedule = String.join(" ", List.of(fields).subList(0, 5));
        Cron cron = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
                .parse(schedule)
                .validate();
        ZonedDateTime noon = ZonedDateTime.of(2026, 3, 1, 12, 0, 0, 0, ZoneOffset.UTC);
        ZonedDateTime first = ExecutionTime.forCron(cron).nextExecution(noon).orElseThrow();
        assertThat(first).isEqualTo(noon.plusDays(1).withHour(2).withMinute(15));
        assertThat(ExecutionTime.forCron(cron).nextExecution(first)).contains(first.plusDays(1));
    }

    @Test
    void thePathsAreAbsoluteAndNothingEndsTheLineEarly() throws IOException {
        assertThat(command())
                .doesNotContain("%")
                .contains("flock -n -E 12 /")
                .contains(">>/")
                .contains("2>&1");
        assertThat(Pattern.compile("(?<![\\w./])[\\w.-]+/[\\w.-]")
                        .matcher(command())
                        .find())
                .isFalse();
    }

    @Test
    void onlyFailuresAreMailed() throws Exception {
        for (Examples.Code row : Examples.codes()) {
            Examples.Ended ended = runWith("exit " + row.code());
            boolean isMailed = !ended.output().isEmpty();
            assertThat(isMailed).as("code %d", row.code()).isEqualTo(!row.isSuccess());
            if (isMailed) {
                assertThat(ended.output()).contains(" " + row.code() + ",");
            }
        }
    }

    @Test
    void aSecondStartIsKeptOffAndSaysLocked() throws Exception {
        // The first runs the second inside.
        String inner = stub("exit 1");
        Examples.Ended ended = runWith(inner.replace("\n", " ") + "; [ $status = 12 ] && exit 0; exit 99");
        assertThat(ended.output()).isEmpty();
    }

    private Examples.Ended runWith(String body) throws Exception {
        return Examples.run("", List.of("/bin/sh", "-c", stub(body)));
    }

    /** The line with a script in place of Convoy, and its files in a folder of this test's. */
    private String stub(String body) throws IOException {
        Path convoy = Examples.script(
                folder.resolve("convoy-" + Integer.toHexString(body.hashCode())), "#!/bin/sh\n" + body + "\n");
        return command()
                .replace("/opt/convoy/scripts/convoy", convoy.toString())
                .replace("/var/lib/convoy/", folder + "/")
                .replace("/var/log/convoy/", folder + "/");
    }
}
