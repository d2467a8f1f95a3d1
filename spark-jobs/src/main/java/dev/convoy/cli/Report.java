package dev.convoy.cli;

import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.SparkSettings;
import dev.convoy.report.page.LivePage;
import dev.convoy.report.page.ReportPage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy report}. */
@Command(name = "report", description = "Shows a run, or several side by side, as one page that needs no network.")
final class Report implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", arity = "1..*", description = "Run directories.")
    private List<String> runs;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description =
                    "Where the page is written. Default: report.html in the run directory; of several runs, here.")
    private java.nio.file.Path output;

    @Option(
            names = "--watch",
            description = "Serve the page, to this machine alone, and show what is new while the run goes on.")
    private boolean watch;

    @Option(names = "--port", defaultValue = "0", description = "Of --watch. Default: any free one.")
    private int port;

    @Override
    public Integer call() throws IOException {
        if (watch && output != null || !watch && port != 0) {
            throw new ConvoyException(
                    "Cannot use --output with --watch, or --port without it; a page is written, or served");
        }
        Configuration hadoop = SparkSettings.hadoop();
        List<Path> paths = new ArrayList<>();
        for (String run : runs) {
            Path path = new Path(run);
            FileSystem files = path.getFileSystem(hadoop);
            if (!files.exists(path)) {
                throw new ConvoyException("Cannot find the run " + run + "; give the directory of a run");
            }
            paths.add(files.makeQualified(path));
        }
        if (watch) {
            try (LivePage page = LivePage.serve(hadoop, paths, port)) {
                System.out.println("watch: " + page.address() + " (Ctrl-C ends it)");
                page.await();
            }
        } else if (paths.size() == 1 && output == null) {
            ReportPage.write(hadoop, paths.get(0));
            System.out.println(
                    "report: " + new Path(paths.get(0), ReportPage.FILE).toUri().getPath());
        } else {
            java.nio.file.Path file = output == null ? java.nio.file.Path.of(ReportPage.FILE) : output;
            java.nio.file.Files.write(file, ReportPage.of(hadoop, paths, "").getBytes(StandardCharsets.UTF_8));
            System.out.println("report: " + file);
        }
        return 0;
    }
}
