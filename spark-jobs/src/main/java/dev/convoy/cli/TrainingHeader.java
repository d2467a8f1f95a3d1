package dev.convoy.cli;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.Printable;
import dev.convoy.model.MemoryEstimate;
import dev.convoy.model.Network;
import dev.convoy.model.Progress;
import dev.convoy.train.TrainingListener;
import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Tells what a training is going to do before it does. */
final class TrainingHeader {
    private static final double MEBIBYTE = 1 << 20;

    private final PrintStream out;

    TrainingHeader(PrintStream out) {
        this.out = out;
    }

    /**
     * @param setup backend and exchange, in words
     */
    void print(TrainingListener.Run run, String setup) {
        Network network = run.network();
        line(
                "%,d training images of %d classes, %,d test images, %s",
                run.perClass().stream().mapToLong(Long::longValue).sum(),
                run.classNames().size(),
                run.testImages(),
                network.input());
        if (!run.classWeights().equals(ClassWeights.NONE)) {
            tellWeights(run.classNames(), run.classWeights());
        }
        line("%-16s %12s %12s %14s", "layer", "output", "parameters", "multiply-adds");
        for (Network.Layer layer : network.layers()) {
            line(
                    "%-16s %12s %,12d %,14d%s",
                    layer.name(),
                    layer.output(),
                    layer.parameterCount(),
                    layer.withInner().mapToLong(Network.Layer::multiplyAdds).sum(),
                    layer.isFrozen() ? " frozen" : "");
        }
        MemoryEstimate memory = MemoryEstimate.training(
                network, run.spec().batchSize(), run.start().optimizer().slots().size());
        line(
                "%s, %d workers of %d images a step, each about %,.0f MiB outside the heap",
                setup, run.workers(), run.spec().batchSize(), Math.ceil(memory.bytes() / MEBIBYTE));
        line(
                "%,d parameters, %d epochs of %d steps",
                network.layout().parameterCount(), run.spec().epochs(), run.stepsPerEpoch());
        Progress begun = run.start().progress();
        if (begun.globalRound() > 0) {
            line(
                    "going on in epoch %d after step %d, %d rounds are done",
                    begun.epoch() + 1, begun.step(), begun.globalRound());
        }
    }

    private void tellWeights(List<String> classNames, ClassWeights weights) {
        List<Integer> lightestFirst = IntStream.range(0, classNames.size())
                .boxed()
                .sorted(Comparator.comparingDouble(weights::of))
                .toList();
        int lightest = lightestFirst.get(0);
        int heaviest = lightestFirst.get(lightestFirst.size() - 1);
        line(
                "class weights from %.4g (%s) to %.4g (%s)",
                weights.of(lightest),
                Printable.of(classNames.get(lightest)),
                weights.of(heaviest),
                Printable.of(classNames.get(heaviest)));
    }

    private void line(String format, Object... values) {
        out.printf(Locale.ROOT, format + "%n", values);
    }
}
