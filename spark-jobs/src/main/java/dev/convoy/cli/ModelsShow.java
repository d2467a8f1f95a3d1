package dev.convoy.cli;

import dev.convoy.data.ConvoyException;
import dev.convoy.registry.AliasEntry;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models show}. */
@Command(name = "show", description = "Shows a version: where it comes from, what it can do, who points to it.")
final class ModelsShow extends ModelsCommand {
    @Parameters(paramLabel = "NAME[@ALIAS|N]", description = "Which. Default: the champion.")
    private String which;

    @Option(
            names = "--at",
            paramLabel = "TIME",
            description =
                    "What the alias pointed to then: 2026-11-27T06:00:00Z, without Z in UTC too, or a date for the"
                            + " end of that day.")
    private String time;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        RegistryReference reference = RegistryReference.parse(which);
        RegisteredModel model = registry().model(reference.name());
        ModelVersion version = time == null ? model.resolve(reference.selector()) : at(model, reference.selector());
        if (json) {
            printJson(object(model, version, ModelTables.aliases(model).getOrDefault(version.number(), List.of())));
        } else {
            ModelTables.print(ModelTables.describe(model, version), System.out);
        }
        return 0;
    }

    private ModelVersion at(RegisteredModel model, String alias) throws IOException {
        if (alias.matches("[0-9]+")) {
            throw new ConvoyException(
                    "Cannot show version " + alias + " --at a time: versions do not change; give NAME@ALIAS");
        }
        Instant instant = parse(time);
        Optional<AliasEntry> entry = model.alias(alias).read().at(instant);
        if (entry.isEmpty() || entry.get().versionNumber().isEmpty()) {
            throw new ConvoyException("Cannot show " + model.name() + "@" + alias + " at " + instant
                    + ": it pointed nowhere then; models history " + model.name() + "@" + alias
                    + " tells since when it does");
        }
        return model.version(entry.get().version());
    }

    static Instant parse(String time) {
        try {
            if (!time.contains("T")) {
                return LocalDate.parse(time)
                        .plusDays(1)
                        .atStartOfDay(ZoneOffset.UTC)
                        .toInstant()
                        .minusMillis(1);
            }
            return time.matches(".*T.*(?:Z|[+-][0-9:]+)")
                    ? OffsetDateTime.parse(time).toInstant()
                    : LocalDateTime.parse(time).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw new ConvoyException(
                    "Cannot read --at " + time + "; give a time as 2026-11-27T06:00:00Z, or a date as 2026-11-27", e);
        }
    }

    static Map<String, Object> object(RegisteredModel model, ModelVersion version, List<String> aliases) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", model.name());
        object.put("aliases", aliases);
        object.put("model", version.model().toString());
        object.put("version", version.info());
        return object;
    }
}
