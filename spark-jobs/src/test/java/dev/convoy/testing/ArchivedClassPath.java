package dev.convoy.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.cli.Convoy;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.DigestUtils;
import org.apache.commons.io.FileUtils;

/**
 * This process's class path for those that tests start, with its classes as the JVM keeps them (class data sharing), which takes a third
 * off the time in which two executors start. The JVM archives classes of jars alone, so that folders become jars.
 * What has changed since is archived anew.
 */
public final class ArchivedClassPath {
    private static final String CLASS_PATH;
    private static final Path ARCHIVE;
    /** Until this process ends. */
    private static final List<FileLock> USED = new ArrayList<>();

    static {
        try {
            List<Path> entries = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                    .map(Path::of)
                    .filter(Files::exists)
                    .toList();
            Path target = Path.of(System.getProperty("convoy.root"), "spark-jobs/target")
                    .toAbsolutePath();
            Path folder = target.resolve("archived-" + fingerprint(entries));
            ARCHIVE = folder.resolve("classes.jsa");
            CLASS_PATH = entries.stream()
                    .map(entry -> Files.isDirectory(entry) ? jar(folder, entry) : entry)
                    .map(Path::toString)
                    .collect(Collectors.joining(File.pathSeparator));
            makeOnce(target, folder, entries);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private ArchivedClassPath() {}

    /** The class path. */
    public static String get() {
        return CLASS_PATH;
    }

    /** The JVM's option for it. */
    public static String option() {
        return "-XX:SharedArchiveFile=" + ARCHIVE;
    }

    /** What a program of Convoy's needs on the command line: the class path, the archive and Spark's open packages. */
    public static List<String> options() {
        List<String> options = new ArrayList<>(opened());
        options.addAll(List.of("-cp", CLASS_PATH, option()));
        return options;
    }

    private static List<String> opened() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens"))
                .toList();
    }

    /** One process makes it, the others wait. A folder stays while a process that has asked for it runs. */
    private static void makeOnce(Path target, Path folder, List<Path> entries)
            throws IOException, InterruptedException {
        try (FileChannel file = FileChannel.open(
                target.resolve("archived.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            // Until the file is closed.
            file.lock();
            Path complete = folder.resolve("complete");
            boolean found = Files.exists(complete);
            Files.createDirectories(folder);
            USED.add(inUse(folder).lock(0, Long.MAX_VALUE, true));
            if (found) {
                return;
            }
            deleteUnused(target, folder);
            for (Path entry : entries) {
                if (Files.isDirectory(entry)) {
                    pack(entry, jar(folder, entry));
                }
            }
            archive(folder);
            Files.createFile(complete);
        }
    }

    private static void pack(Path folder, Path jar) {
        StringWriter said = new StringWriter();
        PrintWriter output = new PrintWriter(said);
        int status = ToolProvider.findFirst("jar")
                .orElseThrow()
                .run(output, output, "--create", "--no-compress", "--file=" + jar, "-C", folder.toString(), ".");
        assertThat(status).as(said.toString()).isZero();
    }

    private static FileChannel inUse(Path folder) throws IOException {
        return FileChannel.open(
                folder.resolve("used"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static void deleteUnused(Path target, Path own) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(target, "archived-*")) {
            for (Path folder : folders) {
                if (!folder.equals(own)) {
                    try (FileChannel file = inUse(folder)) {
                        if (file.tryLock() != null) {
                            FileUtils.deleteDirectory(folder.toFile());
                        }
                    }
                }
            }
        }
    }

    /** The classes of a training. */
    private static void archive(Path folder) throws IOException, InterruptedException {
        Path job = DigitsJob.write(folder, 1);
        List<String> options = new ArrayList<>(opened());
        options.addAll(List.of("-cp", CLASS_PATH, "-Xlog:disable", "-XX:ArchiveClassesAtExit=" + ARCHIVE));
        try (JavaProcess process = JavaProcess.start(
                options, Map.of("SPARK_LOCAL_IP", "127.0.0.1"), Convoy.class, "train", job.toString())) {
            String output = process.output();
            assertThat(process.exitValue()).as(output).isZero();
        }
    }

    private static Path jar(Path folder, Path entry) {
        return folder.resolve(DigestUtils.sha256Hex(entry.toString()).substring(0, 8) + ".jar");
    }

    private static String fingerprint(List<Path> entries) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Path entry : entries) {
            try (Stream<Path> files = Files.walk(entry)) {
                files.filter(Files::isRegularFile)
                        .sorted()
                        .map(ArchivedClassPath::stamp)
                        .forEach(text::append);
            }
        }
        return DigestUtils.sha256Hex(text.toString()).substring(0, 16);
    }

    private static String stamp(Path file) {
        try {
            return file + " " + Files.size(file) + " " + Files.getLastModifiedTime(file) + "\n";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
