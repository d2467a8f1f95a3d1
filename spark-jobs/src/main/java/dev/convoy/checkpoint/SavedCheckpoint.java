package dev.convoy.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.Sha256;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.Progress;
import dev.convoy.model.file.NetworkTensors;
import dev.convoy.model.file.SummedFolder;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingState;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A checkpoint in its folder: {@code state.safetensors} has the vectors, {@code state.json} everything else, {@code SHA256SUMS} the digests
 * of both in the form of {@code sha256sum}. That file is written last, and so marks the checkpoint as complete.
 */
public final class SavedCheckpoint {
    private static final String VECTORS = "state.safetensors";
    private static final String DESCRIPTION = "state.json";
    private static final String SUMS = SummedFolder.SUMS;

    private static final String VELOCITY = "outer.velocity.";
    private static final String LAST_GOOD = "last-good.";

    /** The most that is read of a description. */
    private static final int MAX_DESCRIPTION = 1 << 28;

    private static final int MAX_SUMS = 1 << 12;

    private final FileSystem files;
    private final Path folder;
    private final CheckpointJson content;

    private SavedCheckpoint(FileSystem files, Path folder, CheckpointJson content) {
        this.files = files;
        this.folder = folder;
        this.content = content;
    }

    private static String slot(int index) {
        return "optimizer." + index + ".";
    }

    /** Writes the files into a folder that is not there. */
    static void write(FileSystem files, Path folder, Checkpoint checkpoint, Network network) throws IOException {
        CheckpointJson content = CheckpointJson.of(checkpoint);
        TrainingState state = checkpoint.state();
        NetworkTensors tensors = new NetworkTensors(network).putModel("", state.model());
        for (int i = 0; i < content.optimizerSlots(); i++) {
            tensors.putParameters(slot(i), state.optimizer().slots().get(i));
        }
        if (content.hasVelocity()) {
            tensors.putParameters(VELOCITY, state.velocity());
        }
        if (content.lastGoodApart()) {
            tensors.putModel(LAST_GOOD, state.lastGood());
        }
        byte[] description = CheckpointJson.MAPPER.writeValueAsBytes(content);
        SummedFolder out = new SummedFolder(files, folder);
        out.write(VECTORS, tensors::write);
        out.write(DESCRIPTION, file -> file.write(description));
        out.complete();
    }

    /**
     * Opens a checkpoint and checks all of it but what its vectors are.
     *
     * @throws ConvoyException if it is incomplete, damaged, or of a version that this one does not know
     */
    public static SavedCheckpoint open(FileSystem files, Path folder) throws IOException {
        checkSums(files, folder);
        return new SavedCheckpoint(files, folder, read(files, folder));
    }

    private static CheckpointJson read(FileSystem files, Path folder) throws IOException {
        Path description = new Path(folder, DESCRIPTION);
        try (InputStream in = files.open(description)) {
            return parse(in.readNBytes(MAX_DESCRIPTION), description.toString());
        }
    }

    /** What a checkpoint that is complete says of itself, without a look at its vectors; empty if it cannot be read. */
    static Optional<CheckpointJson> description(FileSystem files, Path folder) throws IOException {
        try {
            return files.exists(new Path(folder, SUMS)) ? Optional.of(read(files, folder)) : Optional.empty();
        } catch (ConvoyException | FileNotFoundException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads a description.
     *
     * @param file how messages call it
     * @throws ConvoyException if it is not one of this version
     */
    static CheckpointJson parse(byte[] description, String file) throws IOException {
        try {
            JsonNode tree = CheckpointJson.MAPPER.readTree(description);
            String format = tree.path("format").asText();
            if (!format.equals(CheckpointJson.FORMAT)) {
                throw new ConvoyException("Cannot read " + file + ": its format is " + Printable.of(format)
                        + ", but this version reads " + CheckpointJson.FORMAT
                        + "; go on with the version that wrote it");
            }
            return CheckpointJson.MAPPER.treeToValue(tree, CheckpointJson.class);
        } catch (JsonProcessingException | CharConversionException e) {
            throw new ConvoyException("Cannot read " + file + ": " + Printable.of(Printable.firstLine(e)), e);
        }
    }

    private static void checkSums(FileSystem files, Path folder) throws IOException {
        List<String> lines;
        try (InputStream in = files.open(new Path(folder, SUMS))) {
            lines = new String(in.readNBytes(MAX_SUMS), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (FileNotFoundException e) {
            throw new ConvoyException("it is not complete: " + SUMS + " is missing", e);
        }
        for (String name : List.of(VECTORS, DESCRIPTION)) {
            String line = SummedFolder.line(sum(files, new Path(folder, name)), name);
            if (!lines.contains(line)) {
                throw new ConvoyException("it is damaged: " + name + " is not what " + SUMS + " says");
            }
        }
    }

    private static String sum(FileSystem files, Path file) throws IOException {
        try (InputStream in = files.open(file)) {
            return Sha256.of(in);
        } catch (FileNotFoundException e) {
            throw new ConvoyException("it is not complete: " + file.getName() + " is missing", e);
        }
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /** The file of its vectors. */
    public Path vectors() {
        return new Path(folder, VECTORS);
    }

    /** How far training had come. */
    public Progress progress() {
        return content.progress();
    }

    /** What the epochs before had come to. */
    public TrainingHistory history() {
        return content.trainingHistory();
    }

    /** What was trained. */
    public Provenance provenance() {
        return content.provenance();
    }

    /**
     * Reads the state.
     *
     * @param network that is to go on
     * @throws ConvoyException naming a tensor that is missing, misshapen or superfluous
     */
    public TrainingState state(Network network) throws IOException {
        try (InputStream in = files.open(vectors())) {
            NetworkTensors tensors = NetworkTensors.read(in, vectors().toString(), network);
            ModelState model = tensors.model("");
            List<float[]> slots = IntStream.range(0, content.optimizerSlots())
                    .mapToObj(i -> tensors.parameters(slot(i)))
                    .toList();
            float[] velocity = content.hasVelocity() ? tensors.parameters(VELOCITY) : new float[0];
            ModelState lastGood = content.lastGoodApart() ? tensors.model(LAST_GOOD) : model;
            tensors.checkAllRead();
            return new TrainingState(
                    model,
                    new OptimizerState(content.optimizerSteps(), slots),
                    velocity,
                    content.progress(),
                    content.norms(),
                    content.tuning(),
                    content.epoch(),
                    content.grouping(),
                    lastGood);
        }
    }
}
