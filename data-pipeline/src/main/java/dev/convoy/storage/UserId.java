package dev.convoy.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whom this process belongs to, asked of the system, since a user need not have a name. */
public final class UserId {
    private UserId() {}

    /** The number, as the attribute {@code unix:uid} of files has it; empty elsewhere than on Linux. */
    public static Optional<Object> ofProcess() {
        try {
            return Optional.of(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }
}
