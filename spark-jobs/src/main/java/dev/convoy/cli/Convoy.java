package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.jobs.ConvertJob;
import dev.convoy.jobs.EvaluateJob;
import dev.convoy.jobs.Failures;
import dev.convoy.jobs.FinishedRun;
import dev.convoy.jobs.PrepareJob;
import dev.convoy.jobs.PreviewJob;
import dev.convoy.jobs.SparkSettings;
import dev.convoy.jobs.TrainJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.deploy.SparkHadoopUtil;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line; also the main class for {@code spark-submit}. */
@Command(
        name = "convoy",
        description = "Trains convolutional networks on images, data-parallel, on Apache Spark.",
        mixinStandardHelpOptions = true,
        versionProvider = Convoy.Version.class,
        subcommands = {
            Convoy.Train.class,
            Convoy.Evaluate.class,
            Convoy.Prepare.class,
            Convoy.Preview.class,
            Convoy.Convert.class
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
        if (status != 0 || !inMasterOfYarn) {
            // Spark's timers for barrier stages would keep the process alive. YARN's own master ends by itself, and
            // takes an early exit for a failure.
            System.exit(status);
        }
    }

    static int execute(String... arguments) {
        CommandLine line = new CommandLine(new Convoy());
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            command.getErr().println("error: " + oneLine(failure));
            return 1;
        });
        try {
            return line.execute(arguments);
        } catch (Throwable e) {
            // Errors, which the library does not hand over.
            line.getErr().println("error: " + oneLine(e));
            return 1;
        }
    }

    private static String oneLine(Throwable failure) {
        String message = Failures.explain(failure).getMessage();
        if (Failures.isExpected(failure)) {
            return message;
        }
        try {
            Path details = Files.createTempFile("convoy-error-", ".txt");
            Files.writeString(details, ExceptionUtils.getStackTrace(failure));
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

    /** What every command takes. */
    abstract static class Job implements Callable<Integer> {
        @Option(
                names = "--master",
                paramLabel = "URL",
                description = "Spark master, for example local[4] or spark://host:7077. Default: what spark-submit"
                        + " says, else local[*].")
        private String master;

        @Option(
                names = "--set",
                paramLabel = "KEY=VALUE",
                description = "A setting that goes over the configuration; may be repeated.")
        private Map<String, String> settings = new LinkedHashMap<>();

        Map<String, String> settings() {
            return settings;
        }

        SparkConf sparkConf(String name) {
            SparkConf conf = new SparkConf().setAppName("convoy " + name);
            Optional.ofNullable(master).ifPresent(conf::setMaster);
            conf.setIfMissing("spark.master", "local[*]");
            SparkSettings.addTo(conf);
            Surroundings.checkMaster(conf.get("spark.master"));
            String[] jar = JavaSparkContext.jarOfClass(Convoy.class);
            if (!conf.get("spark.master").startsWith("local") && jar != null && jar.length > 0) {
                // Without spark-submit nobody else would send it.
                conf.setIfMissing("spark.jars", jar[0]);
            }
            return conf;
        }

        @Override
        public final Integer call() throws IOException {
            run();
            return 0;
        }

        abstract void run() throws IOException;
    }

    /** A job that a configuration describes. */
    abstract static class ConfiguredJob extends Job {
        @Parameters(paramLabel = "CONF", description = "Configuration file (HOCON).")
        private String file;

        @Override
        final void run() throws IOException {
            SparkConf conf = sparkConf(getClass().getSimpleName().toLowerCase(Locale.ROOT) + " " + file);
            run(conf, ConfigReader.read(file, settings(), SparkHadoopUtil.get().newConfiguration(conf)));
        }

        abstract void run(SparkConf conf, Config config) throws IOException;
    }

    /** {@code convoy train}. */
    @Command(name = "train", description = "Trains a network and evaluates it.", mixinStandardHelpOptions = true)
    static final class Train extends ConfiguredJob {
        @Override
        void run(SparkConf conf, Config config) throws IOException {
            // Checked before Spark starts, so that a typing error costs no time.
            ConfigReader.toTrainingConfig(config);
            try (JavaSparkContext spark = new JavaSparkContext(conf);
                    ConsoleProgress progress = new ConsoleProgress(System.out)) {
                FinishedRun run = new TrainJob(spark, config, List.of(progress)).run();
                System.out.println("run: " + run.directory());
            }
        }
    }

    /** {@code convoy evaluate}. */
    @Command(name = "evaluate", description = "Evaluates a trained model.", mixinStandardHelpOptions = true)
    static final class Evaluate extends Job {
        @Parameters(paramLabel = "RUN_DIRECTORY|MODEL", description = "A run directory, or a model's folder.")
        private String target;

        @Option(
                names = "--data",
                paramLabel = "CONF",
                description = "Configuration whose data.test is used. Default: the run's own.")
        private String data;

        @Override
        void run() throws IOException {
            try (JavaSparkContext spark = new JavaSparkContext(sparkConf("evaluate " + target))) {
                FinishedRun run = EvaluateJob.of(spark, target, Optional.ofNullable(data), settings())
                        .run();
                EvaluationTable.print(run.result().test(), System.out);
                System.out.println("run: " + run.directory());
            }
        }
    }

    /** {@code convoy prepare}. */
    @Command(
            name = "prepare",
            description = "Checks images and writes them as few large files, with a manifest.",
            mixinStandardHelpOptions = true)
    static final class Prepare extends ConfiguredJob {
        @Override
        void run(SparkConf conf, Config config) throws IOException {
            String target = ConfigReader.toJobConfig(config).prepare().directory();
            try (JavaSparkContext spark = new JavaSparkContext(conf)) {
                DatasetManifest manifest = new PrepareJob(spark, config).run();
                manifest.sets()
                        .forEach((name, set) -> System.out.printf(
                                Locale.ROOT,
                                "%-6s %,d images, %d shards%n",
                                name,
                                set.images(),
                                set.shards().size()));
                System.out.printf(
                        Locale.ROOT,
                        "%,d rejected, %,d duplicates, %,d of the test images are in the training set too%n",
                        manifest.rejected(),
                        manifest.duplicates(),
                        manifest.leaked());
                System.out.println("written: " + target);
            }
        }
    }

    /** {@code convoy preview}. */
    @Command(
            name = "preview",
            description = "Draws training images as the network will see them, with their labels.",
            mixinStandardHelpOptions = true)
    static final class Preview extends ConfiguredJob {
        @Option(names = "--output", paramLabel = "FILE", description = "PNG to write. Default: ${DEFAULT-VALUE}.")
        private Path output = Path.of("preview.png");

        @Option(names = "--count", paramLabel = "N", description = "Images at most. Default: ${DEFAULT-VALUE}.")
        private int count = 64;

        @Option(names = "--epoch", paramLabel = "N", description = "Whose changes to show. Default: ${DEFAULT-VALUE}.")
        private int epoch = 1;

        @Override
        void run(SparkConf conf, Config config) throws IOException {
            try (JavaSparkContext spark = new JavaSparkContext(conf)) {
                new PreviewJob(spark, config).write(output, count, epoch);
            }
            System.out.println("written: " + output);
        }
    }

    /** {@code convoy convert}. */
    @Command(
            name = "convert",
            description = "Turns a model into Deeplearning4j's format (a zip) and back.",
            mixinStandardHelpOptions = true)
    static final class Convert implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "SOURCE", description = "A run directory, a model's folder, or a zip.")
        private String source;

        @Parameters(index = "1", paramLabel = "TARGET", description = "A zip, or a folder for a model; must not exist.")
        private String target;

        @Option(
                names = "--input",
                paramLabel = "N",
                split = ",",
                description = "For a zip: channels, height and width of its images, for example 1,28,28.")
        private List<Integer> input = List.of();

        @Option(
                names = "--classes",
                paramLabel = "NAME",
                split = ",",
                description = "For a zip: its classes' names. Default: 0, 1, ...")
        private List<String> classes = List.of();

        @Option(
                names = "--mean",
                paramLabel = "X",
                split = ",",
                description = "For a zip: what its inputs had taken off, per channel, 255 being 1. Default: 0.")
        private float[] mean;

        @Option(
                names = "--std",
                paramLabel = "X",
                split = ",",
                description = "For a zip: what its inputs were divided by. Default: 1.")
        private float[] std;

        @Override
        public Integer call() throws IOException {
            Configuration hadoop = SparkHadoopUtil.get().newConfiguration(new SparkConf());
            if (!ConvertJob.isZip(hadoop, source)) {
                if (!input.isEmpty() || !classes.isEmpty() || mean != null || std != null) {
                    throw new ConvoyException("Cannot use --input, --classes, --mean or --std with " + source
                            + ", which is no zip and tells these itself; leave them out");
                }
                ConvertJob.toDl4j(hadoop, source, target);
            } else if (input.size() == 3 && input.stream().allMatch(side -> side > 0)) {
                int channels = input.get(0);
                Normalization normalization = new Normalization(
                        Optional.ofNullable(mean).orElseGet(() -> new float[channels]),
                        Optional.ofNullable(std).orElseGet(() -> ones(channels)));
                ImageShape shape = new ImageShape(channels, input.get(1), input.get(2));
                ConvertJob.fromDl4j(hadoop, source, target, shape, classes, normalization);
            } else {
                throw new ConvoyException("Cannot tell the images' shape from " + source
                        + "; give --input CHANNELS,HEIGHT,WIDTH, each at least 1");
            }
            System.out.println("written: " + target);
            return 0;
        }

        private static float[] ones(int count) {
            float[] ones = new float[count];
            Arrays.fill(ones, 1);
            return ones;
        }
    }
}
