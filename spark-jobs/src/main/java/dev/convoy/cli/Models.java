package dev.convoy.cli;

import picocli.CommandLine.Command;

/** Groups the commands {@code convoy models ...}. */
@Command(
        name = "models",
        description = "Shows and changes what a registry of models holds.",
        subcommands = {
            ModelsList.class,
            ModelsShow.class,
            ModelsPromote.class,
            ModelsRollback.class,
            ModelsDiff.class,
            ModelsHistory.class,
            ModelsVerify.class,
            ModelsGc.class
        },
        synopsisSubcommandLabel = "COMMAND")
final class Models {}
