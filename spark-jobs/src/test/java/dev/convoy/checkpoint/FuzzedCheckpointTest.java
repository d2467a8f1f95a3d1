package dev.convoy.checkpoint;

import dev.convoy.model.file.NetworkTensors;
import dev.convoy.testing.Fuzzer;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutants of a checkpoint's files, as if their sums were right. */
@Tag("chaos")
class FuzzedCheckpointTest {
    @TempDir
    Path folder;

    private Path checkpoint;

    @BeforeEach
    void write() throws Exception {
        FileSystem files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        new CheckpointStore(files, new org.apache.hadoop.fs.Path(folder.toUri()))
                .write(Checkpoints.at(14), Checkpoints.NETWORK);
        checkpoint = folder.resolve("round-14");
    }

    @Test
    void aDescriptionIsReadOrRefused() throws Exception {
        byte[] valid = Files.readAllBytes(checkpoint.resolve("state.json"));
        Fuzzer.of(valid).withMemory(1 << 20, 64).check(file -> SavedCheckpoint.parse(file, "state.json")
                .trainingHistory());
    }

    @Test
    void vectorsAreReadOrRefused() throws Exception {
        byte[] valid = Files.readAllBytes(checkpoint.resolve("state.safetensors"));
        Fuzzer.of(valid).check(file -> {
            NetworkTensors tensors =
                    NetworkTensors.read(new ByteArrayInputStream(file), "state.safetensors", Checkpoints.NETWORK);
            tensors.model("");
            tensors.parameters("optimizer.0.");
            tensors.parameters("optimizer.1.");
            tensors.parameters("outer.velocity.");
            tensors.model("last-good.");
            tensors.checkAllRead();
        });
    }
}
