package dev.convoy.cli;

import dev.convoy.registry.GcPlan;
import dev.convoy.registry.GcPolicy;
import dev.convoy.registry.Lease;
import dev.convoy.registry.RegisteredModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models gc}. */
@Command(
        name = "gc",
        description =
                "Takes versions away that nothing needs: neither an alias, nor a rollback, nor what was trained from"
                        + " them. Without --apply it only tells.")
final class ModelsGc extends ModelsCommand {
    @Parameters(paramLabel = "NAME", description = "The model.")
    private String name;

    @Option(names = "--keep-versions", paramLabel = "N", description = "Of the newest. Default: ${DEFAULT-VALUE}.")
    private int keepVersions = GcPolicy.DEFAULT.keepVersions();

    @Option(
            names = "--keep-entries",
            paramLabel = "N",
            description = "Of every alias's history, whose versions are kept. Default: ${DEFAULT-VALUE}.")
    private int keepEntries = GcPolicy.DEFAULT.keepEntries();

    @Option(names = "--apply", description = "Take them away.")
    private boolean apply;

    @Override
    public Integer call() throws IOException {
        GcPolicy policy = new GcPolicy(keepVersions, keepEntries);
        if (!apply) {
            print(registry().model(name).plan(policy), "would be taken away (--apply does it)");
            return 0;
        }
        RegisteredModel model = writable(name);
        try (Lease lease = lease(model, "gc", 0)) {
            GcPlan plan = model.plan(policy);
            model.collect(lease, plan);
            print(plan, "taken away");
        }
        return 0;
    }

    private static void print(GcPlan plan, String what) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("version", "kept because"));
        plan.kept().forEach(kept -> rows.add(List.of(Integer.toString(kept.version()), kept.why())));
        ModelTables.print(rows, System.out);
        System.out.println(what + ": " + (plan.removed().isEmpty() ? "none" : plan.removed()));
    }
}
