package dev.convoy.cli;

import dev.convoy.registry.RegistryReference;
import dev.convoy.registry.VersionDiff;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models diff}. */
@Command(name = "diff", description = "Tells in what two versions differ: configuration, data, metrics, classes.")
final class ModelsDiff extends ModelsCommand {
    @Parameters(index = "0", paramLabel = "NAME[@ALIAS|N]", description = "The one.")
    private String first;

    @Parameters(index = "1", paramLabel = "NAME[@ALIAS|N]", description = "The other.")
    private String second;

    @Override
    public Integer call() throws IOException {
        RegistryReference a = RegistryReference.parse(first);
        RegistryReference b = RegistryReference.parse(second);
        VersionDiff diff = VersionDiff.of(
                registry().resolve(a).info(), registry().resolve(b).info());
        if (diff.differences().isEmpty()) {
            System.out.println("no differences");
            return 0;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("section", "key", a.name() + "@" + a.selector(), b.name() + "@" + b.selector()));
        for (VersionDiff.Difference difference : diff.differences()) {
            rows.add(List.of(difference.section(), difference.key(), difference.a(), difference.b()));
        }
        ModelTables.print(rows, System.out);
        return 0;
    }
}
