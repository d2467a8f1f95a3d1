package dev.convoy.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserIdTest {
    @Test
    void itIsThatOfTheFilesThatThisProcessMakes(@TempDir Path folder) throws Exception {
        assertThat(UserId.ofProcess()).contains(Files.getAttribute(folder, "unix:uid"));
    }
}
