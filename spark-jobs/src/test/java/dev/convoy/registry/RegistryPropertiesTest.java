package dev.convoy.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

class RegistryPropertiesTest {
    private static final Fence FENCE = new Fence() {
        @Override
        public int number() {
            return 1;
        }

        @Override
        public void checkHeld() {}
    };

    private static AliasEntry entry(int number, AliasEntry.Action action, Integer version) {
        return new AliasEntry(
                AliasEntry.FORMAT,
                number,
                action,
                version,
                "r",
                null,
                1,
                "2026-11-27T00:00:00Z",
                new AliasEntry.Who("h", 1, "u"),
                "",
                "");
    }

    /** Rolled back as often as anything was promoted, every version comes once, in the opposite order. */
    @Property
    void rollbacksUndoPromotions(@ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 4) Integer> promoted) {
        List<AliasEntry> entries = new ArrayList<>();
        List<Integer> expected = new ArrayList<>();
        for (int version : promoted) {
            entries.add(entry(entries.size() + 1, AliasEntry.Action.PROMOTE, version));
            if (expected.isEmpty() || expected.get(expected.size() - 1) != version) {
                expected.add(version);
            }
        }
        for (int i = expected.size() - 2; i >= 0; i--) {
            OptionalInt previous = new AliasLog.Reading(entries, List.of()).previous();
            assertThat(previous).hasValue(expected.get(i));
            entries.add(entry(entries.size() + 1, AliasEntry.Action.FENCE, expected.get(i + 1)));
            entries.add(entry(entries.size() + 1, AliasEntry.Action.ROLLBACK, previous.getAsInt()));
        }
        assertThat(new AliasLog.Reading(entries, List.of()).previous()).isEmpty();
    }

    /** Whatever byte of a history changes: what is read is what was written, up to where it was changed. */
    @Property(tries = 60)
    void noChangeOfAByteGoesUnnoticed(
            @ForAll @IntRange(min = 1, max = 3) int number, @ForAll @IntRange(max = 10_000) int at, @ForAll byte value)
            throws IOException {
        Path folder = Files.createTempDirectory("convoy-test-");
        FileSystem files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        AliasLog log = new AliasLog(files, new org.apache.hadoop.fs.Path(folder.toUri()), version -> {});
        try {
            for (int i = 0; i < 3; i++) {
                log.append(FENCE, i, AliasChange.promote(i + 1, "reason " + i));
            }
            List<AliasEntry> written = log.read().entries();
            Path file = folder.resolve(number + ".json");
            byte[] content = Files.readAllBytes(file);
            boolean changes = content[at % content.length] != value;
            content[at % content.length] = value;
            Files.write(file, content);
            AliasLog.Reading reading = log.read();
            assertThat(reading.entries()).isEqualTo(written.subList(0, reading.number()));
            if (changes && number < 3) {
                assertThat(reading.faults()).hasSize(1);
            }
            if (reading.faults().isEmpty()) {
                assertThat(reading.entries()).isEqualTo(written);
            } else {
                assertThat(reading.number()).isBetween(number - 1, number);
            }
        } finally {
            files.delete(new org.apache.hadoop.fs.Path(folder.toUri()), true);
        }
    }
}
