package dev.convoy.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.train.StateMessage;
import dev.convoy.train.TrainingState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
    @TempDir
    Path folder;

    private FileSystem files;
    private CheckpointStore store;

    @BeforeEach
    void open() throws IOException {
        files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        store = new CheckpointStore(files, hadoop(folder));
    }

    private static org.apache.hadoop.fs.Path hadoop(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> found = Files.list(folder)) {
            return found.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void everyBitComesBack() throws IOException {
        for (Checkpoint written : List.of(Checkpoints.at(14), Checkpoints.atEpoch(2))) {
            store.write(written, Checkpoints.NETWORK);
            SavedCheckpoint read = store.newest().orElseThrow();
            TrainingState state = read.state(Checkpoints.NETWORK);
            assertThat(StateMessage.write(state)).isDeepEqualTo(StateMessage.write(written.state()));
            assertThat(read.history()).isEqualTo(written.history());
            assertThat(read.provenance()).isEqualTo(written.provenance());
            assertThat(read.progress()).isEqualTo(written.state().progress());
        }
    }

    /** By name, so that another tool and another backend find their way. */
    @Test
    void filesAreThoseThatAreDocumented() throws Exception {
        store.write(Checkpoints.at(14), Checkpoints.NETWORK);
        Path checkpoint = folder.resolve("round-14");
        Process check = new ProcessBuilder("sha256sum", "--check", "--strict", "SHA256SUMS")
                .directory(checkpoint.toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("state.json: OK", "safetensors: OK");
        String header = Files.readString(checkpoint.resolve("state.safetensors"), StandardCharsets.ISO_8859_1);
        assertThat(header)
                .contains(
                        "\"fc1.weight\"",
                        "\"bn1.running_mean\"",
                        "\"optimizer.0.fc1.weight\"",
                        "\"optimizer.1.fc2.bias\"",
                        "\"outer.velocity.fc1.weight\"",
                        "\"last-good.fc1.weight\"");
    }

    @Test
    void onlyWhatRetentionNamesIsDeleted() throws IOException {
        for (int epoch = 1; epoch <= 6; epoch++) {
            store.write(Checkpoints.atEpoch(epoch), Checkpoints.NETWORK);
        }
        store.write(Checkpoints.at(61), Checkpoints.NETWORK);
        Files.createDirectory(folder.resolve("round-5"));
        Files.createDirectory(folder.resolve("round-7-copy"));
        Retention retention = new Retention(2, true, Optional.of(CheckpointSchedule.parse("4 epochs")));
        store.prune(retention, 61, OptionalInt.of(3), Optional.of(new org.apache.hadoop.fs.Path(folder + "/round-10")));
        assertThat(names())
                .as("resumed from, unreadable, copied, best, every fourth, the last two")
                .containsExactly("round-10", "round-30", "round-40", "round-5", "round-60", "round-61", "round-7-copy");
        store.prune(new Retention(1, false, Optional.empty()), 60, OptionalInt.empty(), Optional.empty());
        assertThat(names())
                .as("round 61 may be damaged, and is no reason to delete round 60")
                .containsExactly("round-5", "round-60", "round-61", "round-7-copy");
        store.prune(new Retention(1, false, Optional.empty()), 61, OptionalInt.empty(), Optional.empty());
        assertThat(names()).containsExactly("round-5", "round-61", "round-7-copy");
    }

    /** As on a disk that fills up. */
    @Test
    void whatCannotBeWrittenLeavesNothingAndTheOneBeforeStands() throws IOException {
        store.write(Checkpoints.at(14), Checkpoints.NETWORK);
        FileSystem full = new RawLocalFileSystem() {
            @Override
            public org.apache.hadoop.fs.FSDataOutputStream create(
                    org.apache.hadoop.fs.Path path,
                    boolean overwrite,
                    int buffer,
                    short copies,
                    long block,
                    org.apache.hadoop.util.Progressable progress)
                    throws IOException {
                if (path.getName().equals("state.json")) {
                    throw new IOException("No space left on device");
                }
                return super.create(path, overwrite, buffer, copies, block, progress);
            }
        };
        full.initialize(folder.toUri(), new Configuration());
        CheckpointStore onFull = new CheckpointStore(full, hadoop(folder));
        assertThatThrownBy(() -> onFull.write(Checkpoints.at(15), Checkpoints.NETWORK))
                .hasMessageContaining("No space left");
        assertThat(names()).containsExactly("round-14");
        assertThat(store.newest()).isPresent();
    }

    @Test
    void aStateOfAnotherNetworkIsRefused() throws IOException {
        store.write(Checkpoints.at(14), Checkpoints.NETWORK);
        SavedCheckpoint saved = store.newest().orElseThrow();
        NetworkSpec wider = new NetworkSpec(List.of(
                new LayerSpec.Flatten(), new LayerSpec.Dense(4), new LayerSpec.BatchNorm(), new LayerSpec.Dense(2)));
        NetworkSpec shorter = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(3)));
        NetworkSpec longer =
                new NetworkSpec(Stream.concat(Checkpoints.SPEC.layers().stream(), Stream.of(new LayerSpec.Dense(2)))
                        .toList());
        assertThatThrownBy(() -> saved.state(wider.bind(Checkpoints.INPUT)))
                .hasMessageContaining("fc1.weight should be [4, 16] but is [3, 16]");
        assertThatThrownBy(() -> saved.state(longer.bind(Checkpoints.INPUT)))
                .hasMessageContaining("fc3.weight should be [2, 2] but is missing");
        assertThatThrownBy(() -> saved.state(shorter.bind(Checkpoints.INPUT)))
                .hasMessageContaining("is not in the network");
    }

    @Test
    void oneOfTheSameRoundIsReplacedAndWhatIsHalfWrittenSwept() throws IOException {
        store.sweep();
        org.apache.hadoop.fs.Path first = store.write(Checkpoints.at(3), Checkpoints.NETWORK);
        assertThat(first.getName()).isEqualTo("round-3");
        assertThat(store.write(Checkpoints.at(3), Checkpoints.NETWORK)).isEqualTo(first);
        assertThat(store.newest().orElseThrow().folder().getName()).isEqualTo("round-3");
        Files.createDirectory(folder.resolve(".tmp-half"));
        Files.createDirectory(folder.resolve("round-4-copied"));
        store.sweep();
        assertThat(names()).containsExactly("round-3", "round-4-copied");
    }

    /** A process that is killed between the two renamings of a replacement leaves neither the old nor the new one its name. */
    @Test
    void aCheckpointThatWasBeingReplacedGetsItsNameBack() throws IOException {
        store.write(Checkpoints.at(14), Checkpoints.NETWORK);
        store.write(Checkpoints.at(14), Checkpoints.NETWORK);
        assertThat(names()).containsExactly("round-14");
        String aside = ".tmp-round-14.0b5c1c4e-0000-4000-8000-0123456789ab";
        Files.move(folder.resolve("round-14"), folder.resolve(aside));
        Files.createDirectory(folder.resolve(".tmp-0b5c1c4e-0000-4000-8000-0123456789ab"));
        assertThat(store.newest()).isEmpty();
        store.sweep();
        assertThat(names()).containsExactly("round-14");
        assertThat(store.newest()).isPresent();
        Files.createDirectory(folder.resolve(aside));
        store.sweep();
        assertThat(names()).as("the new one has the name already").containsExactly("round-14");
        Files.move(folder.resolve("round-14"), folder.resolve(aside));
        Files.createDirectory(folder.resolve("round-14"));
        store.sweep();
        assertThat(names()).as("the new one is there in part").containsExactly("round-14");
        assertThat(store.newest()).isPresent();
    }

    @Test
    void aCheckpointThatCannotBeReplacedStays() throws IOException {
        store.write(Checkpoints.at(14), Checkpoints.NETWORK);
        FileSystem failing = new FilterFileSystem(files) {
            @Override
            public boolean exists(org.apache.hadoop.fs.Path path) throws IOException {
                boolean found = super.exists(path);
                // Gone before it gets its name.
                for (String name : names()) {
                    if (name.startsWith(".tmp-")) {
                        super.delete(new org.apache.hadoop.fs.Path(path.getParent(), name), true);
                    }
                }
                return found;
            }
        };
        assertThatThrownBy(() ->
                        new CheckpointStore(failing, hadoop(folder)).write(Checkpoints.at(14), Checkpoints.NETWORK))
                .isInstanceOf(IOException.class);
        assertThat(names()).containsExactly("round-14");
        assertThat(store.newest()).isPresent();
    }
}
