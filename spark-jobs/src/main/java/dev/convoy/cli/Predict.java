package dev.convoy.cli;

import dev.convoy.config.DataConfig;
import dev.convoy.jobs.PredictJob;
import dev.convoy.jobs.PredictionTable;
import dev.convoy.predict.Prediction;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy predict}. */
@Command(name = "predict", description = "Asks a trained model about images.")
final class Predict extends Job {
    /** As many answers are printed whole. */
    private static final int SHOWN = 100;

    /** Of more, as many. */
    private static final int FIRST = 20;

    @Parameters(
            index = "0",
            paramLabel = "RUN_DIRECTORY|MODEL",
            description = "A run directory, a model's folder, or registry:NAME@ALIAS_OR_NUMBER.")
    private String target;

    @Parameters(
            index = "1",
            paramLabel = "INPUT",
            description = "An image, a folder of images however deep, a list of files (.csv, .tsv, .jsonl), Parquet"
                    + " files, a prepared folder, or a pattern for these.")
    private String input;

    @Mixin
    private RegistryOption registry;

    @Option(
            names = "--output",
            paramLabel = "OUT",
            description = "Where answers are written; must not exist. A name that ends in .csv or .jsonl is one file,"
                    + " any other a folder. Default: the first ones are printed.")
    private String output;

    @Option(names = "--format", description = "${COMPLETION-CANDIDATES}. Default: what OUT ends in, else parquet.")
    private PredictionTable.Format format;

    @Option(
            names = "--top",
            paramLabel = "K",
            description = "How many classes are told of an image. Default: ${DEFAULT-VALUE}.")
    private int top = 5;

    @Option(
            names = "--fit",
            description = "Brings images of another size or colour to the model's: ${COMPLETION-CANDIDATES}. Default:"
                    + " as in its training.")
    private DataConfig.Fit fit;

    @Option(
            names = "--column",
            paramLabel = "NAME",
            description = "The column that holds images in Parquet files, or names files in lists. Default: image, and"
                    + " path.")
    private String column;

    @Option(names = "--anywhere", description = "Lets a list name files outside of its folder.")
    private boolean anywhere;

    @Override
    void run() throws IOException {
        String model = RegistryReference.isReference(target)
                ? registry.resolve(target).model().toString()
                : target;
        PredictJob.Options options = new PredictJob.Options(top, Optional.ofNullable(fit), column, anywhere);
        try (JavaSparkContext spark = new JavaSparkContext(sparkConf("predict " + target));
                PredictJob job = PredictJob.of(spark, model, input, options, settings())) {
            if (output == null) {
                print(job);
            } else {
                write(job);
            }
        }
    }

    private void write(PredictJob job) throws IOException {
        long began = System.nanoTime();
        PredictionTable.Written written =
                job.write(output, Optional.ofNullable(format).orElseGet(() -> PredictionTable.Format.of(output)));
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "written: %s (%,d images, %,d of them could not be used, %,.0f images/s)%n",
                output,
                written.images(),
                written.unanswered(),
                written.images() / seconds);
        hint(written.unanswered() > 0);
    }

    private void hint(boolean hasBad) {
        if (hasBad && fit == null) {
            System.out.println("--fit would take images of another size or colour, too");
        }
    }

    private void print(PredictJob job) {
        List<Prediction> first = job.first(job.images() <= SHOWN ? SHOWN : FIRST);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("image", "class", "probability", "next"));
        first.forEach(answer -> rows.add(row(answer)));
        ModelTables.print(rows, System.out);
        hint(first.stream().anyMatch(answer -> !answer.isAnswered()));
        if (first.size() < job.images()) {
            System.out.printf(Locale.ROOT, "%,d more; --output writes them all%n", job.images() - first.size());
        }
    }

    private static List<String> row(Prediction answer) {
        if (!answer.isAnswered()) {
            return List.of(answer.image(), ModelTables.NONE, ModelTables.NONE, answer.error());
        }
        String next = answer.top().stream()
                .skip(1)
                .map(one -> one.name() + " " + percent(one.probability()))
                .collect(Collectors.joining(", "));
        return List.of(
                answer.image(), answer.best().name(), percent(answer.best().probability()), next);
    }

    private static String percent(double probability) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * probability);
    }
}
