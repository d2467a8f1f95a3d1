package dev.convoy.cli;

import dev.convoy.data.Redaction;
import dev.convoy.jobs.Failures;
import dev.convoy.retrain.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The command line; also the main class for {@code spark-submit}. */
@Command(
        name = "convoy",
        description = "Trains convolutional networks on images, data-parallel, on Apache Spark.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Convoy.Version.class,
        subcommands = {
            Train.class,
            Evaluate.class,
            Predict.class,
            Prepare.class,
            Preview.class,
            Convert.class,
            Retrain.class,
            Models.class,
            Report.class,
            Sync.class,
            Doctor.class,
            RunDrill.class
        },
        synopsisSubcommandLabel = "COMMAND",
        exitCodeOnInvalidInput = 2)
public final class Convoy {
    private Convoy() {}

    /** Exits with 0 if the job completed, 1 if it failed, 2 if the command line is wrong. */
    public static void main(String[] arguments) {
        Surroundings.prepare();
        int status = execute(arguments);
        boolean inMasterOfYarn = System.getProperty("spark.master", "").equals("yarn")
                && System.getProperty("spark.submit.deployMode", "").equals("cluster");
        // A night that rejects is no failed attempt, after which YARN would begin another one.
        boolean failed = status != 0 && Outcome.ofExitCode(status).isEmpty();
        if (failed || !inMasterOfYarn) {
            // Spark's timers for barrier stages would keep the process alive. YARN's own master ends by itself, and
            // takes an early exit for a failure.
            System.exit(status);
        }
    }

    static int execute(String... arguments) {
        CommandLine line = new CommandLine(new Convoy()).setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            command.getErr().println("error: " + oneLine(failure));
            return 1;
        });
        IParameterExceptionHandler usual = line.getParameterExceptionHandler();
        line.setParameterExceptionHandler((wrong, given) -> usual.handleParseException(shown(wrong), given));
        try {
            return line.execute(arguments);
        } catch (Throwable e) {
            // Errors, which the library does not hand over.
            line.getErr().println("error: " + oneLine(e));
            return 1;
        }
    }

    /** An error of the command line, which names what it does not understand. */
    private static ParameterException shown(ParameterException wrong) {
        String message = Redaction.of(wrong.getMessage());
        return message.equals(wrong.getMessage()) ? wrong : new ParameterException(wrong.getCommandLine(), message);
    }

    private static String oneLine(Throwable failure) {
        String message = Failures.explain(failure).getMessage();
        if (Failures.isExpected(failure)) {
            return message;
        }
        try {
            Path details = Files.createTempFile("convoy-error-", ".txt");
            Files.writeString(details, Failures.details(failure));
            return message + " (details in " + details + ")";
        } catch (IOException e) {
            return message;
        }
    }

    /** The version that the build has written into the manifest of convoy.jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Convoy.class.getPackage().getImplementationVersion();
            return new String[] {"convoy " + Optional.ofNullable(version).orElse("(not run from convoy.jar)")};
        }
    }
}
