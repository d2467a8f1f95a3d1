package dev.convoy.cli;

import dev.convoy.registry.AliasEntry;
import dev.convoy.registry.Lease;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models rollback}. */
@Command(
        name = "rollback",
        description =
                "Lets the champion be the previous version again, or an earlier one. Refuses while a job holds the"
                        + " model's lease.")
final class ModelsRollback extends ModelsChange {
    @Parameters(paramLabel = "NAME[@N]", description = "The model, and the version. Default: the previous one.")
    private String which;

    @Override
    public Integer call() throws IOException {
        RegistryReference reference = RegistryReference.parse(which);
        OptionalInt to = which.contains("@")
                ? OptionalInt.of(registry().resolve(reference).number())
                : OptionalInt.empty();
        RegisteredModel model = writable(reference.name());
        try (Lease lease = lease(model, "rollback")) {
            AliasEntry entry = model.rollback(lease, to, reason());
            System.out.println(model.name() + "@" + RegisteredModel.CHAMPION + " is version " + entry.version()
                    + " again (entry " + entry.number() + ")");
        }
        return 0;
    }
}
