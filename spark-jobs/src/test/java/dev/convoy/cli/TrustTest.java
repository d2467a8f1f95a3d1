package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.testing.ArchivedClassPath;
import dev.convoy.testing.DigitsJob;
import dev.convoy.testing.JavaProcess;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.impl.Log4jLogEvent;
import org.apache.logging.log4j.core.layout.PatternLayout;
import org.apache.logging.log4j.message.SimpleMessage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a job in a process of its own tells, and whom it lets read. */
@Timeout(180)
class TrustTest {
    private static final String SECRET = "correct-horse-battery";
    private static final Set<PosixFilePermission> OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE);

    @TempDir
    Path folder;

    private Path temporary;
    private Path runs;
    private Path job;

    @BeforeEach
    void configure() throws IOException {
        temporary = Files.createDirectory(folder.resolve("tmp"));
        runs = Files.createDirectory(folder.resolve("runs"));
        job = DigitsJob.write(folder, 1);
    }

    /** Starts {@code convoy train} with a common umask, and gives what it prints. */
    private String train(String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of("train", "--master", "local[2]", job.toString()));
        all.addAll(List.of(arguments));
        return convoy(all);
    }

    private String convoy(List<String> all) throws Exception {
        List<String> options = new ArrayList<>(ArchivedClassPath.options());
        options.add("-Djava.io.tmpdir=" + temporary);
        options.add("-Dlog4j2.configurationFile=" + logging());
        Map<String, String> environment = Map.of("SPARK_LOCAL_IP", "127.0.0.1", "CONVOY_TEST_TOKEN", SECRET);
        try (JavaProcess convoy = JavaProcess.start(options, environment, Convoy.class, all.toArray(String[]::new))) {
            return convoy.output();
        }
    }

    private static Path logging() {
        return Path.of(System.getProperty("convoy.root"), "conf/log4j2.properties");
    }

    @Test
    void secretsAreNeitherPrintedNorRecorded() throws Exception {
        Files.writeString(job, Files.readString(job) + "data.train.images = \"/nowhere/\"${CONVOY_TEST_TOKEN}\n");
        assertThat(train()).contains("error: Cannot find /nowhere/<redacted>").doesNotContain(SECRET);
        String url = "s3a://user:" + SECRET + "@bucket/images";
        assertThat(train("--set", "data.train.images=" + url))
                .contains("error: ")
                .doesNotContain(SECRET);
        assertThat(train("spark.authenticate.secret=" + SECRET.toUpperCase(Locale.ROOT)))
                .contains("Unmatched argument")
                .contains("spark.authenticate.secret=<redacted>")
                .doesNotContainIgnoringCase(SECRET);
        List<Path> written = files(runs);
        assertThat(written).anyMatch(file -> file.endsWith("config.resolved.conf"));
        for (Path file : written) {
            assertThat(Files.readString(file)).as(file.toString()).doesNotContain(SECRET);
        }
        assertThat(Files.readString(written.stream()
                        .filter(file -> file.endsWith("config.resolved.conf"))
                        .max(Path::compareTo)
                        .orElseThrow()))
                .contains("s3a://<redacted>@bucket/images");
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    /** Libraries that others unpack hold nothing of anybody's. */
    @Test
    void whatIsWrittenIsForItsUserAlone() throws Exception {
        String printed = train();
        assertThat(printed).contains("run: ");
        assertThat(files(runs)).hasSizeGreaterThan(3);
        // Without Spark, which has Hadoop's settings from its own.
        String run = printed.strip().replaceFirst("(?s).*run: ", "");
        Path model = runs.resolve("model.zip");
        convoy(List.of("convert", run, model.toString()));
        assertThat(model).isNotEmptyFile();
        assertThat(openToOthers(runs)).isEmpty();
        assertThat(openToOthers(temporary))
                .filteredOn(path -> !path.toString().endsWith(".so"))
                .isEmpty();
    }

    /** Files and folders that others may reach and read or change; the folder itself is the test's. */
    private static List<Path> openToOthers(Path folder) throws IOException {
        List<Path> open = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) throws IOException {
                if (path.equals(folder)) {
                    return FileVisitResult.CONTINUE;
                }
                return isOpen(path) ? visitFile(path, attributes) : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
                if (isOpen(path)) {
                    open.add(path);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return open;
    }

    private static boolean isOpen(Path path) throws IOException {
        return Files.getPosixFilePermissions(path).stream().anyMatch(OTHERS::contains);
    }

    /** Of the log, by the pattern that Convoy brings along. */
    @Test
    void secretsAreNotLogged() throws IOException {
        Properties shipped = new Properties();
        try (InputStream in = Files.newInputStream(logging())) {
            shipped.load(in);
        }
        PatternLayout layout = PatternLayout.newBuilder()
                .withPattern(shipped.getProperty("appender.console.layout.pattern"))
                .withAlwaysWriteExceptions(
                        Boolean.parseBoolean(shipped.getProperty("appender.console.layout.alwaysWriteExceptions")))
                .build();
        String line = layout.toSerializable(Log4jLogEvent.newBuilder()
                .setLoggerName("dev.convoy.Test")
                .setLevel(Level.WARN)
                .setMessage(new SimpleMessage("Cannot use fs.s3a.secret.key=" + SECRET + ", s3a://me:" + SECRET
                        + "@bucket/a and {\"password\": \"" + SECRET + "\"}"))
                .setThrown(new IOException("token = " + SECRET))
                .build());
        assertThat(line)
                .contains("WARN  Test: Cannot use fs.s3a.secret.key=<redacted>, s3a://<redacted>@bucket/a")
                .contains("IOException: token = <redacted>")
                .doesNotContain(SECRET);
    }
}
