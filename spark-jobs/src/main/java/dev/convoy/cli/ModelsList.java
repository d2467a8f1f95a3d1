package dev.convoy.cli;

import dev.convoy.registry.AliasLog;
import dev.convoy.registry.LeaseStatus;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegisteredModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models list}. */
@Command(name = "list", description = "Lists the models of a registry, or the versions of one.")
final class ModelsList extends ModelsCommand {
    @Parameters(arity = "0..1", paramLabel = "NAME", description = "Whose versions to list. Default: lists models.")
    private String name;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        if (name == null) {
            listModels();
        } else {
            listVersions(registry().model(name));
        }
        return 0;
    }

    private void listModels() throws IOException {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("model", "versions", "champion", "previous", "aliases", "lease"));
        List<Map<String, Object>> objects = new ArrayList<>();
        for (String each : registry().names()) {
            RegisteredModel model = registry().model(each);
            AliasLog.Reading champion = model.alias(RegisteredModel.CHAMPION).read();
            Optional<LeaseStatus> lease = model.leaseStatus().filter(LeaseStatus::isHeld);
            rows.add(List.of(
                    each,
                    Integer.toString(model.numbers().size()),
                    ModelTables.text(champion.version()),
                    ModelTables.text(champion.previous()),
                    ModelTables.join(model.aliases()),
                    lease.map(LeaseStatus::toString).orElse(ModelTables.NONE)));
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("name", each);
            object.put("versions", model.numbers());
            put(object, RegisteredModel.CHAMPION, champion.version());
            put(object, RegisteredModel.PREVIOUS, champion.previous());
            object.put("aliases", model.aliases());
            lease.ifPresent(held -> object.put("lease", held.owner()));
            objects.add(object);
        }
        if (json) {
            printJson(objects);
        } else {
            ModelTables.print(rows, System.out);
        }
    }

    private static void put(Map<String, Object> object, String key, OptionalInt number) {
        number.ifPresent(value -> object.put(key, value));
    }

    private void listVersions(RegisteredModel model) throws IOException {
        Map<Integer, List<String>> aliases = ModelTables.aliases(model);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("version", "created", "parent", "aliases", "metrics", "reason"));
        List<Map<String, Object>> objects = new ArrayList<>();
        for (ModelVersion version : model.versions()) {
            List<String> pointing = aliases.getOrDefault(version.number(), List.of());
            rows.add(List.of(
                    Integer.toString(version.number()),
                    version.info().created(),
                    ModelTables.text(version.info().parentNumber()),
                    ModelTables.join(pointing),
                    ModelTables.metrics(version.info()),
                    version.info().reason()));
            objects.add(ModelsShow.object(model, version, pointing));
        }
        if (json) {
            printJson(objects);
        } else {
            ModelTables.print(rows, System.out);
        }
    }
}
