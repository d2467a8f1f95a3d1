package dev.convoy.model.file;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.testing.Fuzzer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutants of a model's two files. */
@Tag("chaos")
class FuzzedModelsTest {
    @TempDir
    Path folder;

    private FileSystem files;

    @BeforeEach
    void save() throws IOException {
        files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        files.setVerifyChecksum(false);
        TrainedModelTest.original().save(files, model());
    }

    private org.apache.hadoop.fs.Path model() {
        return new org.apache.hadoop.fs.Path(folder.toUri());
    }

    @Test
    void aDescriptionIsReadOrRefused() throws Exception {
        Path description = folder.resolve("model.json");
        byte[] valid = Files.readAllBytes(description);
        Fuzzer.of(valid).check(file -> {
            Files.write(description, file);
            TrainedModel.load(files, model());
        });
    }

    @Test
    void whatLooksLikeAnotherEncodingIsRefused() throws IOException {
        byte[] utf32 = {0, 0, -2, -1, -1, -2, -1, 0x61};
        byte[] weights = ByteBuffer.allocate(16).put(0, (byte) 8).put(8, utf32).array();
        assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(weights), "weights", name -> true))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("its header is not JSON");
        Files.write(folder.resolve("model.json"), utf32);
        assertThatThrownBy(() -> TrainedModel.load(files, model()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("UTF-32");
    }

    @Test
    void weightsAreReadOrRefused() throws Exception {
        ByteArrayOutputStream small = new ByteArrayOutputStream();
        Safetensors.write(
                small, Map.of("a", new Safetensors.Tensor(List.of(2, 3), new float[6])), Map.of("format", "pt"));
        byte[] valid = Files.readAllBytes(folder.resolve("weights.safetensors"));
        Fuzzer.of(valid, small.toByteArray())
                .check(file -> Safetensors.read(new ByteArrayInputStream(file), "weights", name -> true));
    }
}
