package dev.convoy.cli;

import dev.convoy.registry.Lease;
import dev.convoy.registry.RegisteredModel;
import java.io.IOException;
import picocli.CommandLine.Option;

/** A command by which a person changes what an alias points to. */
abstract class ModelsChange extends ModelsCommand {
    @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "Why, for the history.")
    private String reason;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            description = "How long to wait while the lease is held. Default: ${DEFAULT-VALUE}.")
    private int seconds;

    /** Why, for the history. */
    final String reason() {
        return reason;
    }

    /** Takes the lease of a model, waiting for it as long as was asked for. */
    final Lease lease(RegisteredModel model, String command) throws IOException {
        return lease(model, command, seconds);
    }
}
