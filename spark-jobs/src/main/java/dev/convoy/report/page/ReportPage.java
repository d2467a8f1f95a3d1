package dev.convoy.report.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.report.Event;
import dev.convoy.storage.AtomicFiles;
import freemarker.template.TemplateException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Makes one page of a run, or of several side by side, that holds all it needs: scripts, styles and pictures. */
public final class ReportPage {
    /** The file in a run directory. */
    public static final String FILE = "report.html";

    /** Classes beyond which the matrix of all pairs is too large to look at. */
    private static final int MAX_MATRIX = 40;

    private static final int MAX_BARS = 100;
    private static final String RESOURCES = "/dev/convoy/report/page/";
    private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

    private ReportPage() {}

    /** Writes the page of a run into its folder. */
    public static void write(Configuration hadoop, Path run) throws IOException {
        byte[] page = of(hadoop, List.of(run), "").getBytes(StandardCharsets.UTF_8);
        FileSystem files = RunFolder.files(hadoop, run);
        AtomicFiles.replace(files, new Path(run, FILE), out -> out.write(page));
    }

    /**
     * Makes the page of runs.
     *
     * @param version of a live page, which looks for another one again and again where it came from; empty for a page that does not
     * @throws ConvoyException if one of them is no run
     */
    public static String of(Configuration hadoop, List<Path> runs, String version) throws IOException {
        List<RunFolder> folders = new ArrayList<>();
        for (Path run : runs) {
            folders.add(RunFolder.read(RunFolder.files(hadoop, run), run));
        }
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("title", folders.size() == 1 ? folders.get(0).name() : folders.size() + " runs of Convoy");
        model.put("runs", folders.stream().map(ReportPage::run).toList());
        List<Chart> charts = new Curves(folders).charts();
        model.put("charts", Json.MAPPER.convertValue(charts, Object.class));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("charts", charts);
        data.put("version", version);
        if (folders.size() == 1) {
            Timeline.of(folders.get(0)).ifPresent(timeline -> {
                data.put("timeline", timeline);
                model.put("timeline", Map.of("workers", timeline.workers()));
            });
        }
        model.put("data", script(data));
        model.put("script", resource(UPLOT + "uPlot.iife.min.js") + "\n" + resource(RESOURCES + "report.js"));
        model.put("style", resource(UPLOT + "uPlot.min.css") + "\n" + resource(RESOURCES + "report.css"));
        return process(model);
    }

    private static Map<String, Object> run(RunFolder run) {
        Map<String, Object> model = new TreeMap<>();
        model.put("name", run.name());
        model.put("notes", run.notes());
        model.put("config", run.config());
        model.put("result", RunFolder.plain(run.result()));
        model.put("environment", RunFolder.plain(run.environment()));
        JsonNode test = run.evaluation().isMissingNode() ? run.result().path("test") : run.evaluation();
        model.put("test", RunFolder.plain(test));
        model.put("matrix", matrix(test));
        model.put("bars", bars(test));
        model.put("rates", RateCurve.points(run.rates()));
        model.put("examples", RunFolder.plain(run.examples()));
        model.put("repeatability", Findings.repeatability(run));
        model.put("gradients", Findings.gradients(run));
        model.put("memory", Findings.memory(run));
        model.put("time", Findings.time(run));
        model.put("exchange", Findings.exchange(run));
        model.put("copies", Findings.copies(run));
        model.put("tellsWorkers", Findings.tellsWorkers(run));
        model.put("faults", Findings.faults(run));
        model.put("stragglers", Timeline.stragglers(run));
        run.history().last(Event.Started.class).ifPresent(event -> model.put("started", plain(event)));
        model.put("best", best(run));
        model.put(
                "epochs",
                run.history().of(Event.Epoch.class).stream()
                        .map(ReportPage::plain)
                        .toList());
        run.history()
                .last(Event.Picture.class)
                .ifPresent(picture -> model.put("picture", Base64.getEncoder().encodeToString(picture.png())));
        return model;
    }

    /** The best epoch; 0 before there is one. */
    private static int best(RunFolder run) {
        return run.history().of(Event.Epoch.class).stream()
                .filter(Event.Epoch::best)
                .mapToInt(Event.Epoch::epoch)
                .max()
                .orElse(0);
    }

    private static Object plain(Event event) {
        return Json.MAPPER.convertValue(event, Object.class);
    }

    /** Rows of counts by true class; nothing if there are too many. */
    private static List<List<Long>> matrix(JsonNode test) {
        List<List<Long>> rows = new ArrayList<>();
        if (test.path("confusion").size() <= MAX_MATRIX) {
            for (JsonNode row : test.path("confusion")) {
                List<Long> counts = new ArrayList<>();
                row.forEach(count -> counts.add(count.asLong()));
                rows.add(counts);
            }
        }
        return rows;
    }

    /** Classes by recall, the worst first. */
    private static List<Object> bars(JsonNode test) {
        List<JsonNode> classes = new ArrayList<>();
        test.path("classes").forEach(classes::add);
        classes.sort((a, b) ->
                Double.compare(a.path("recall").asDouble(2), b.path("recall").asDouble(2)));
        return classes.stream().limit(MAX_BARS).map(RunFolder::plain).toList();
    }

    /** As JSON that a script element can hold, whatever texts are in it. */
    private static String script(Object data) {
        try {
            return Json.MAPPER
                    .writer()
                    .without(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(data)
                    .replace("<", "\\u003c")
                    .replace(">", "\\u003e")
                    .replace("&", "\\u0026");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String resource(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("The class path lacks " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String process(Map<String, Object> model) throws IOException {
        var templates = new freemarker.template.Configuration(freemarker.template.Configuration.VERSION_2_3_34);
        templates.setClassForTemplateLoading(ReportPage.class, RESOURCES);
        templates.setDefaultEncoding("UTF-8");
        templates.setLocale(Locale.ROOT);
        templates.setLogTemplateExceptions(false);
        // What an attempt of the template gives up is told on the page.
        templates.setAttemptExceptionReporter((failure, environment) -> {});
        StringWriter page = new StringWriter();
        try {
            templates.getTemplate("report.ftlh").process(model, page);
        } catch (TemplateException e) {
            throw new ConvoyException("Cannot make the report: " + e.getMessageWithoutStackTop(), e);
        }
        return page.toString();
    }
}
