package dev.convoy.benchmarks.retrain;

import dev.convoy.jobs.Result;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.registry.RegisteredModel;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/** What the nights have come to. */
final class Year {
    private final Judge judge;
    private final List<String> rows = new ArrayList<>();
    private final Map<Calendar.Event, Map<Result.Status, Integer>> outcomes = new EnumMap<>(Calendar.Event.class);
    private int champion;
    private double accuracy = Double.NaN;
    private double best = Double.NaN;
    private double largestFall;
    private int worsePromotions;
    private int noBetter;
    private int noBetterPromoted;

    Year(Judge judge) {
        this.judge = judge;
        rows.add("night,event,digits,status,champion,accuracy,challenger,sentence");
    }

    /** Takes down a job's result. */
    void add(int night, Calendar.Event event, int digits, Result result, RegisteredModel model) throws IOException {
        outcomes.computeIfAbsent(event, key -> new TreeMap<>()).merge(result.status(), 1, Integer::sum);
        double challenger = Double.NaN;
        boolean compared = result.retrain().at("/gate/comparison").isObject();
        if (compared) {
            challenger = judge.accuracy(challenger(result, model));
            boolean better = challenger > accuracy;
            noBetter += better ? 0 : 1;
            noBetterPromoted += !better && result.status() == Result.Status.PROMOTED ? 1 : 0;
        }
        int now = model.alias(RegisteredModel.CHAMPION).read().version().orElse(0);
        if (now != champion) {
            champion = now;
            double next = judge.accuracy(model.version(now).load());
            worsePromotions += next < accuracy ? 1 : 0;
            accuracy = next;
            best = Double.isNaN(best) ? next : Math.max(best, next);
            largestFall = Math.max(largestFall, best - next);
        }
        rows.add(String.format(
                Locale.ROOT,
                "%d,%s,%d,%s,%d,%.4f,%.4f,\"%s\"",
                night,
                event,
                digits,
                result.status(),
                champion,
                accuracy,
                challenger,
                result.retrain().path("sentence").asText()));
        System.out.println(rows.get(rows.size() - 1));
    }

    private static TrainedModel challenger(Result result, RegisteredModel model) throws IOException {
        String key = result.retrain().path("runKey").asText();
        Path root = model.folder().getParent().getParent();
        Path nights = new Path(root, "runs/digits-nights/" + key);
        Path run = model.files().listStatus(nights)[0].getPath();
        return TrainedModel.load(model.files(), new Path(run, "model"));
    }

    List<String> rows() {
        return rows;
    }

    void report(PrintStream out) {
        outcomes.forEach((event, counts) -> out.printf("%-12s %s%n", event, counts));
        out.printf(
                Locale.ROOT,
                "champion's accuracy at last %.4f, at best %.4f; largest fall below the best %.4f%n",
                accuracy,
                best,
                largestFall);
        out.printf(
                "challengers that were no better: %d, of which promoted: %d; promotions to a worse accuracy: %d%n",
                noBetter, noBetterPromoted, worsePromotions);
    }
}
