package dev.convoy.testing;

import dev.convoy.data.source.IdxSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What processes that tests start train: a small network on the training digits. */
public final class DigitsJob {
    private DigitsJob() {}

    /**
     * Writes the digits and a configuration.
     *
     * @param folder for both; runs go to its folder {@code runs}
     */
    public static Path write(Path folder, int epochs) throws IOException {
        IdxSource train = Digits.trainGzip(folder);
        return Files.writeString(
                folder.resolve("job.conf"),
                """
                name = digits
                data.train { format = idx, images = "%s", labels = "%s" }
                network = mlp
                train { epochs = %d, workers = 2 }
                run.directory = "%s"
                """
                        .formatted(train.images(), train.labels(), epochs, folder.resolve("runs")));
    }
}
