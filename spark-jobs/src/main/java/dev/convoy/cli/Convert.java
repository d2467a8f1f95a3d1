package dev.convoy.cli;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.jobs.ConvertJob;
import dev.convoy.jobs.SparkSettings;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy convert}. */
@Command(name = "convert", description = "Turns a model into ONNX, or into Deeplearning4j's format (a zip) and back.")
final class Convert implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "SOURCE",
            description = "A run directory, a model's folder, registry:NAME@ALIAS_OR_NUMBER, or a zip.")
    private String source;

    @Mixin
    private RegistryOption registry;

    @Parameters(
            index = "1",
            paramLabel = "TARGET",
            description = "A file that ends in .onnx, a zip, or, for a zip, a folder for a model; must not exist.")
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
        Configuration hadoop = SparkSettings.hadoop();
        if (RegistryReference.isReference(source)) {
            source = registry.resolve(source).model().toString();
        }
        if (!ConvertJob.isZip(hadoop, source)) {
            if (!input.isEmpty() || !classes.isEmpty() || mean != null || std != null) {
                throw new ConvoyException("Cannot use --input, --classes, --mean or --std with " + source
                        + ", which is no zip and tells these itself; leave them out");
            }
            if (isOnnx()) {
                ConvertJob.toOnnx(hadoop, source, target);
            } else {
                ConvertJob.toDl4j(hadoop, source, target);
            }
        } else if (isOnnx()) {
            throw new ConvoyException("Cannot make " + target
                    + " of a zip; make a model's folder of it first, and that of the" + " folder");
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

    private boolean isOnnx() {
        return target.toLowerCase(Locale.ROOT).endsWith(".onnx");
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }
}
