package dev.convoy.cli;

import dev.convoy.registry.Fault;
import dev.convoy.registry.RegisteredModel;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy models verify}. */
@Command(
        name = "verify",
        description =
                "Compares every file of every version with its digest, and every history with its chain. Exit code 1"
                        + " if something is not as it was written.")
final class ModelsVerify extends ModelsCommand {
    @Parameters(arity = "0..1", paramLabel = "NAME", description = "The model. Default: all.")
    private String name;

    @Override
    public Integer call() throws IOException {
        int faults = 0;
        for (String each : name == null ? registry().names() : List.of(name)) {
            RegisteredModel model = registry().model(each);
            List<Fault> found = model.verify();
            found.forEach(fault -> System.out.println("fault: " + each + "/" + fault));
            System.out.println(each + ": " + model.numbers().size() + " versions, "
                    + model.aliases().size() + " aliases, " + model.decisions().size() + " decisions, "
                    + (found.isEmpty() ? "no faults" : found.size() + " faults"));
            faults += found.size();
        }
        return faults == 0 ? 0 : 1;
    }
}
