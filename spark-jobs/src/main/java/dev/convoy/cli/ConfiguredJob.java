package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.Redaction;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import picocli.CommandLine.Parameters;

/** Reads the configuration that describes a job, and runs it. */
abstract class ConfiguredJob extends Job {
    @Parameters(paramLabel = "CONF", description = "Configuration file (HOCON).")
    private String file;

    @Override
    final void run() throws IOException {
        SparkConf conf = sparkConf(getClass().getSimpleName().toLowerCase(Locale.ROOT) + " " + Redaction.of(file));
        run(conf, ConfigReader.read(file, settings(), SparkHadoopUtil.get().newConfiguration(conf)));
    }

    /** The command line of a training by the same configuration. */
    final List<String> trainCommand() {
        List<String> command = new ArrayList<>(List.of("train", file));
        command.addAll(sharedOptions());
        return command;
    }

    /**
     * Runs the job.
     *
     * @param conf for the Spark context, which the job starts itself
     * @param config the file's, with the settings of the command line over it
     */
    abstract void run(SparkConf conf, Config config) throws IOException;
}
