package dev.convoy.registry;

import dev.convoy.testing.Fuzzer;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Mutants of a registry's files. */
@Tag("chaos")
class FuzzedRegistryTest {
    private static final Path FILE = new Path("file.json");

    @Test
    void aVersionIsReadOrRefused() throws Exception {
        byte[] valid = RegistryJson.bytes(new VersionInfo(
                VersionInfo.FORMAT,
                2,
                1,
                "night-2",
                "2026-11-27T00:00:00Z",
                "0.1",
                Map.of("optimizer.type", "adam"),
                7,
                "60,000 images",
                "abc",
                Map.of("test-accuracy", 0.97),
                "/runs/x",
                "better",
                List.of("cat", "dog")));
        Fuzzer.of(valid)
                .withMemory(1 << 20, 64)
                .check(file -> RegistryJson.parse(file, FILE, VersionInfo.FORMAT, VersionInfo.class));
    }

    @Test
    void anEntryIsReadOrRefused() throws Exception {
        byte[] valid = RegistryJson.bytes(new AliasEntry(
                        AliasEntry.FORMAT,
                        2,
                        AliasEntry.Action.PROMOTE,
                        1,
                        "better",
                        "night-2",
                        1,
                        "2026-11-27T00:00:00Z",
                        new AliasEntry.Who("host", 1, "user"),
                        "abc",
                        "")
                .withDigest());
        Fuzzer.of(valid)
                .withMemory(1 << 20, 64)
                .check(file -> RegistryJson.parse(file, FILE, AliasEntry.FORMAT, AliasEntry.class));
    }
}
