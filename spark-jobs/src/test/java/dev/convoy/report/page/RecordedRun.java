package dev.convoy.report.page;

import dev.convoy.model.Json;
import dev.convoy.report.Event;
import dev.convoy.report.EventLog;
import dev.convoy.report.Examples;
import dev.convoy.report.LayerRow;
import dev.convoy.report.TensorSummary;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** Writes what a run would have, as large and as odd as is wanted. */
public final class RecordedRun {
    /** A name that would do harm if it were not shown as text. */
    public static final String HOSTILE = "</script><script>window.harmed=1</script><img src=x onerror=window.harmed=1>";

    private final Random random = new Random(1);
    private final int epochs;
    private final int workers;

    public RecordedRun(int epochs, int workers) {
        this.epochs = epochs;
        this.workers = workers;
    }

    /** Writes it into a folder; worker 1 takes half as long again as the others. */
    public void write(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("evaluation"));
        Files.writeString(folder.resolve("config.resolved.conf"), "name=\"" + HOSTILE + "\"\n");
        Files.writeString(
                folder.resolve("result.json"),
                """
                {"status": "COMPLETED", "epochs": %d, "workers": %d, "best": {"epoch": 3, "metric": "test-accuracy", "value": 0.9}}
                """
                        .formatted(epochs, workers));
        Files.writeString(
                folder.resolve("environment.json"),
                """
                {"convoy": "1", "processor": "a processor", "inexact": []}
                """);
        Files.writeString(
                folder.resolve("evaluation/evaluation.json"),
                """
                {"accuracy": 0.75, "loss": 0.5,
                 "classes": [{"name": "%s", "precision": 0.5, "recall": 1.0, "support": 1},
                             {"name": "dog", "precision": 1.0, "recall": 0.5, "support": 3}],
                 "confusion": [[1, 0], [2, 1]], "mostConfused": [{"trueClass": "dog", "answer": "%s", "images": 2}],
                 "sureness": {"top5Accuracy": 1.0, "calibrationError": 0.1,
                              "bins": [{"answers": 4, "probability": 0.7, "accuracy": 0.75}]}}
                """
                        .formatted(HOSTILE.replace("\"", "\\\""), HOSTILE));
        Json.MAPPER.writeValue(folder.resolve("evaluation/examples.json").toFile(), examples());
        FileSystem files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        try (EventLog log = EventLog.create(files, new org.apache.hadoop.fs.Path(folder.toString()), 1)) {
            for (Event event : events()) {
                log.accept(event);
            }
        }
    }

    private Examples examples() throws IOException {
        List<Examples.Answer> samples = new ArrayList<>();
        List<Examples.Answer> wrong = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            samples.add(new Examples.Answer("dog", "dog", 0.9, 0.9, noise(96, 96), null, null));
            wrong.add(new Examples.Answer("dog", HOSTILE, 0.9, 0.05, noise(96, 96), noise(96, 96), 12.5));
        }
        List<Examples.Features> features = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            features.add(new Examples.Features("conv" + i, 64, 56, 56, 12, List.of(noise(395, 32), noise(395, 32))));
        }
        return new Examples(
                samples,
                wrong,
                new Examples.Kernels("conv0", 64, 64, noise(127, 31)),
                List.of(new Examples.Input("dog", noise(96, 96)), new Examples.Input(HOSTILE, noise(96, 96))),
                features);
    }

    /** A picture that cannot be made smaller. */
    private byte[] noise(int width, int height) throws IOException {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < width * height; i++) {
            picture.setRGB(i % width, i / width, random.nextInt(1 << 24));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", bytes);
        return bytes.toByteArray();
    }

    private List<Event> events() throws IOException {
        List<Event> events = new ArrayList<>();
        events.add(new Event.Started(
                time(0),
                1,
                0,
                epochs,
                100,
                1234,
                workers,
                32,
                List.of(new LayerRow("conv1", "4x8x8", 40, 2560, false), new LayerRow("fc1", "2", 514, 512, false)),
                new Event.Started.Data(List.of(HOSTILE, "dog"), List.of(10L, 30L), 4),
                1 << 20));
        events.add(new Event.Picture(time(0), 0, "images/train", 400, 300, noise(400, 300)));
        for (int epoch = 1; epoch <= epochs; epoch++) {
            for (int part = 1; part <= 20; part++) {
                events.add(rounds((epoch - 1) * 100L + part * 5L, epoch));
            }
            long step = epoch * 100L;
            events.add(new Event.Epoch(
                    time(step),
                    step,
                    epoch,
                    1.0 / epoch,
                    1.1 / epoch,
                    1 - 0.5 / epoch,
                    epoch <= 3,
                    1000,
                    20,
                    15,
                    2,
                    1,
                    1,
                    0,
                    0));
            events.add(new Event.Weights(time(step), step, epoch, tensors()));
        }
        events.add(new Event.Ended(time(epochs * 100L), epochs * 100L, "completed"));
        events.add(new Event.Memory(
                time(epochs * 100L),
                epochs * 100L,
                List.of(new Event.Memory.Process("driver on a host", 1L << 30, 1L << 29))));
        return events;
    }

    private Event.Rounds rounds(long step, int epoch) {
        List<Event.Rounds.Worker> times = IntStream.range(0, workers)
                .mapToObj(worker -> new Event.Rounds.Worker(worker == 1 ? 1.5 : 1 + random.nextDouble() / 100, 0.1))
                .toList();
        return new Event.Rounds(
                time(step),
                step,
                epoch,
                5,
                5,
                5L * 32 * workers,
                1.0 / (step + 1),
                0.1,
                1 / Math.sqrt(step),
                2,
                1.5,
                0.1,
                times,
                List.of());
    }

    private static List<TensorSummary> tensors() {
        return List.of(
                new TensorSummary("conv1.weight", 36, 1.0, 0.1, 1e-9, -1.0, 1.0, 0.0, 1.0, new long[] {1, 2}),
                new TensorSummary("fc1.weight", 512, 1.0, 0.1, 0.5, -1.0, 1.0, 0.0, 1.0, new long[] {1, 2}));
    }

    private static String time(long step) {
        return Instant.ofEpochSecond(1_800_000_000 + step).toString();
    }

    /** The files of which one may be missing. */
    public static Map<String, String> parts() {
        return Map.of(
                "config.resolved.conf", "config.resolved.conf is missing",
                "result.json", "result.json is missing",
                "environment.json", "environment.json is missing",
                "events.jsonl", "there are no events of training",
                "evaluation/evaluation.json", "evaluation.json is missing",
                "evaluation/examples.json", "examples.json is missing");
    }
}
