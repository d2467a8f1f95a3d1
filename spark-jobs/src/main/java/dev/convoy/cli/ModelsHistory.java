package dev.convoy.cli;

import dev.convoy.registry.AliasLog;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models history}. */
@Command(
        name = "history",
        description = "Tells what an alias pointed to, since when, why, and by whom; the newest first.")
final class ModelsHistory extends ModelsCommand {
    @Parameters(paramLabel = "NAME[@ALIAS]", description = "Which alias. Default: the champion.")
    private String which;

    @Option(names = "--json", description = "Print JSON, the oldest first.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        RegistryReference reference = RegistryReference.parse(which);
        RegisteredModel model = registry().model(reference.name());
        AliasLog.Reading history = model.alias(reference.selector()).read();
        history.faults().forEach(fault -> System.err.println("warning: " + model.name() + "/" + fault));
        if (json) {
            printJson(history.entries());
        } else {
            ModelTables.print(ModelTables.history(history.entries()), System.out);
        }
        return 0;
    }
}
