package dev.convoy.benchmarks.data;

import dev.convoy.benchmarks.contest.Contestant;
import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.benchmarks.contest.Machine;
import dev.convoy.benchmarks.contest.Report;
import dev.convoy.benchmarks.contest.Runner;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.cli.Convoy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.FileUtil;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How fast images are read. */
@Command(
        name = "data",
        description = "Times decoding and resizing of JPEGs beside OpenCV, and preparing many small PNGs.",
        mixinStandardHelpOptions = true)
public final class DataBenchmark implements Callable<Integer> {
    /** What Spark reads in a turn; two tasks for each of two cores. */
    private static final int LISTED = 4_000;

    /** Different pictures of one size, in a list that names each of them several times. */
    private record Photos(int width, int height, int different, int listed) {}

    private static final Photos SMALL = new Photos(500, 375, 500, LISTED);
    /** As cameras and telephones make them. */
    private static final Photos LARGE = new Photos(4000, 3000, 16, 128);

    private static final int SMALL_SIDE = 28;
    private static final int CLASSES = 10;

    @Option(names = "--turns", description = "Turns of every contestant (default: ${DEFAULT-VALUE}).")
    private int turns = 7;

    @Option(
            names = "--seconds",
            description = "Length of a turn; in Spark always " + LISTED + " images (default: ${DEFAULT-VALUE}).")
    private double seconds = 4;

    @Option(names = "--prepare", description = "PNGs to prepare (default: ${DEFAULT-VALUE}; 0 leaves it out).")
    private int small = 50_000;

    @Option(names = "--prepare-turns", description = "How often (default: ${DEFAULT-VALUE}).")
    private int prepareTurns = 3;

    @Option(names = "--output", description = "JSON file (default: ${DEFAULT-VALUE}).")
    private Path output = Path.of("benchmarks/target/data.json");

    @Option(names = "--python", description = "A Python with cv2; without one, it is left out.")
    private String python;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Report report = new Report(python, "cv2", Map.of("turns", turns, "seconds", seconds));
        Path folder = Files.createTempDirectory("convoy-data-");
        try {
            report.table("decode", "of OpenCV", decode(report, folder, SMALL, List.of(DataWorker.Kind.values())));
            List<DataWorker.Kind> decoders = List.of(DataWorker.Kind.OPENCV, DataWorker.Kind.DECODER);
            report.table("decode 12 megapixels", "of OpenCV", decode(report, folder, LARGE, decoders));
            if (small > 0) {
                report.put("prepare", prepare(folder));
            }
        } finally {
            FileUtil.fullyDelete(folder.toFile());
        }
        report.write(output);
        return 0;
    }

    private List<Report.Line> decode(Report report, Path folder, Photos photos, List<DataWorker.Kind> kinds)
            throws IOException {
        String list = make(report, folder, photos).toString();
        List<Contestant> contestants = new ArrayList<>();
        try {
            for (DataWorker.Kind kind : kinds) {
                Runner runner = Runner.java(DataWorker.class, List.of(kind.name(), list), environment());
                contestants.add(new Contestant(kind.label(), Workload.BATCH, runner, ""));
            }
            if (python != null) {
                addPython(contestants, list, "");
                if (kinds.contains(DataWorker.Kind.AUGMENTED)) {
                    addPython(contestants, list, "augment");
                }
            }
            Contestant.takeTurns(contestants, turns, seconds);
            double openCv = contestants.get(0).median();
            return contestants.stream().map(one -> Report.Line.of(one, openCv)).toList();
        } finally {
            Contestant.end(contestants);
        }
    }

    private void addPython(List<Contestant> contestants, String list, String what) throws IOException {
        List<String> command = List.of(python, "benchmarks/src/main/python/data.py", list, what);
        String name = "Python's OpenCV, 2 processes" + (what.isEmpty() ? "" : ", " + what);
        contestants.add(new Contestant(name, Workload.BATCH, Runner.start(command, environment()), ""));
    }

    private static Map<String, String> environment() {
        Map<String, String> environment = new TreeMap<>(Machine.threads(1));
        environment.putAll(LocalSpark.ENVIRONMENT);
        return environment;
    }

    /** Makes the pictures and their list. */
    private static Path make(Report report, Path parent, Photos photos) throws IOException {
        String size = photos.width + "x" + photos.height;
        Path folder = Files.createDirectory(parent.resolve(size));
        long bytes = 0;
        for (int i = 0; i < photos.different; i++) {
            byte[] photo = Pictures.make(photos.width, photos.height, ".jpg", i);
            Files.write(folder.resolve(i + ".jpg"), photo);
            bytes += photo.length;
        }
        report.put("bytes of a photo of " + size, bytes / photos.different);
        System.out.printf("%d JPEGs of %s, %,d bytes on average%n", photos.different, size, bytes / photos.different);
        StringBuilder list = new StringBuilder("path,label\n");
        for (int i = 0; i < photos.listed; i++) {
            list.append(folder.resolve(i % photos.different + ".jpg")).append(",0\n");
        }
        return Files.writeString(folder.resolve("photos.csv"), list);
    }

    /** As a user does it, JVM and all. */
    private Map<String, Object> prepare(Path folder) throws IOException, InterruptedException {
        Path tree = folder.resolve("small");
        for (int i = 0; i < CLASSES; i++) {
            Files.createDirectories(tree.resolve("class" + i));
        }
        for (int i = 0; i < small; i++) {
            byte[] picture = Pictures.make(SMALL_SIDE, SMALL_SIDE, ".png", i);
            Files.write(tree.resolve("class" + i % CLASSES).resolve(i + ".png"), picture);
        }
        Path conf = Files.writeString(
                folder.resolve("prepare.conf"),
                """
                name = small
                network = mlp
                data { train { format = folder, path = "%s" }, batch-size = 64 }
                train.epochs = 1
                """
                        .formatted(tree));
        List<Double> took = new ArrayList<>();
        for (int turn = 0; turn < prepareTurns; turn++) {
            took.add(prepare(conf, folder.resolve("prepared" + turn)));
        }
        double median = Contestant.median(took);
        System.out.printf(
                "%nprepare, %,d PNGs of %dx%d: %.1f s, %,.0f images/s%n",
                small, SMALL_SIDE, SMALL_SIDE, median, small / median);
        return Map.of("images", small, "seconds", took, "median", median, "images/s", small / median);
    }

    private static double prepare(Path conf, Path target) throws IOException, InterruptedException {
        List<String> arguments =
                List.of("prepare", conf.toString(), "--set", "prepare.directory=" + target, "--master", "local[2]");
        ProcessBuilder builder = new ProcessBuilder(Runner.javaCommand(Convoy.class, arguments)).inheritIO();
        builder.environment().putAll(environment());
        long began = System.nanoTime();
        int status = builder.start().waitFor();
        if (status != 0) {
            throw new IOException("convoy prepare ended with " + status + "; its messages are above");
        }
        return (System.nanoTime() - began) / 1e9;
    }
}
