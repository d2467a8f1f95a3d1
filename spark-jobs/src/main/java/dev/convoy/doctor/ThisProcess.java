package dev.convoy.doctor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** What the process that asks is, and what Linux says of it. */
public final class ThisProcess {
    private ThisProcess() {}

    /** The version of this code, as its jar says. */
    public static String codeVersion() {
        return Optional.ofNullable(ThisProcess.class.getPackage().getImplementationVersion())
                .orElse("(not from a jar)");
    }

    /** The processor's name. */
    public static Optional<String> processor() {
        return cpu("model name");
    }

    static Optional<String> cpu(String name) {
        return field(Path.of("/proc/cpuinfo"), name);
    }

    /** The most memory that it has had, heap and all; 0 where the system does not tell. */
    public static long peakBytes() {
        String kilobytes = field(Path.of("/proc/self/status"), "VmHWM").orElse("0 kB");
        return Long.parseLong(kilobytes.replaceAll("[^0-9]", "")) * 1024;
    }

    /** Whether Nvidia's driver sees a GPU. */
    public static boolean seesGpu() {
        return Files.isDirectory(Path.of("/proc/driver/nvidia/gpus"));
    }

    /** A field of one of Linux's files of names and values. */
    private static Optional<String> field(Path file, String name) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }
}
