package dev.convoy.cli;

import dev.convoy.registry.AliasChange;
import dev.convoy.registry.AliasEntry;
import dev.convoy.registry.Lease;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models promote}. */
@Command(
        name = "promote",
        description = "Lets an alias point to a version. Refuses while a job holds the model's lease.")
final class ModelsPromote extends ModelsChange {
    @Parameters(paramLabel = "NAME@N", description = "The version.")
    private String which;

    @Option(names = "--alias", paramLabel = "ALIAS", description = "Default: ${DEFAULT-VALUE}.")
    private String alias = RegisteredModel.CHAMPION;

    @Override
    public Integer call() throws IOException {
        RegistryReference reference = RegistryReference.parse(which);
        int version = registry().resolve(reference).number();
        RegisteredModel model = writable(reference.name());
        try (Lease lease = lease(model, "promote")) {
            int expected = model.alias(alias).read().number();
            AliasEntry entry = model.promote(lease, alias, expected, AliasChange.promote(version, reason()));
            System.out.println(
                    model.name() + "@" + alias + " is version " + version + " (entry " + entry.number() + ")");
        }
        return 0;
    }
}
