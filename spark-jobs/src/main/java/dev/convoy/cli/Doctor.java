package dev.convoy.cli;

import dev.convoy.config.ConfigReader;
import dev.convoy.doctor.Check;
import dev.convoy.jobs.DoctorJob;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy doctor}. */
@Command(
        name = "doctor",
        description =
                "Looks for what would go wrong, on the driver and every executor, and says which setting to change."
                        + " Ends with 1 if something cannot work.")
final class Doctor extends Job {
    @Parameters(paramLabel = "CONF", arity = "0..1", description = "Configuration that is to be trained.")
    private String file;

    private boolean failed;

    @Override
    void run() throws IOException {
        SparkConf conf = sparkConf("doctor");
        List<Check> checks;
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            checks = job(spark).run();
        }
        print(checks, System.out);
        failed = checks.stream().anyMatch(check -> check.level() == Check.Level.FAIL);
    }

    private DoctorJob job(JavaSparkContext spark) throws IOException {
        return file == null
                ? DoctorJob.of(spark, settings())
                : DoctorJob.of(spark, ConfigReader.read(file, settings(), spark.hadoopConfiguration()));
    }

    /** A line for each check; below those that are not well, what to do. */
    static void print(List<Check> checks, PrintStream out) {
        int width = checks.stream()
                .mapToInt(check -> check.subject().length())
                .max()
                .orElse(0);
        for (Check check : checks) {
            out.printf(
                    "%-4s  %-" + width + "s  %s: %s%n", check.level(), check.subject(), check.where(), check.finding());
            if (!check.advice().isEmpty()) {
                out.printf("%-4s  %-" + width + "s  -> %s%n", "", "", check.advice());
            }
        }
        long warnings = count(checks, Check.Level.WARN);
        long failures = count(checks, Check.Level.FAIL);
        out.printf("%d checks: %d to mend, %d to look at%n", checks.size(), failures, warnings);
    }

    private static long count(List<Check> checks, Check.Level level) {
        return checks.stream().filter(check -> check.level() == level).count();
    }

    @Override
    int exitCode() {
        return failed ? 1 : 0;
    }
}
