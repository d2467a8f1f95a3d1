package dev.convoy.jobs;

import dev.convoy.train.EpochReport;
import java.util.List;

/** {@code metrics.csv}: a line for each epoch, over all attempts. */
final class Metrics {
    private Metrics() {}

    /** A line; numbers that have no value are left empty. */
    private record Line(
            int epoch,
            Double trainLoss,
            Double testLoss,
            Double testAccuracy,
            long examples,
            double imagesPerSecond,
            double trainSeconds,
            double computeSeconds,
            double waitSeconds,
            double dataSeconds,
            double syncSeconds) {
        static Line of(EpochReport epoch) {
            return new Line(
                    epoch.epoch(),
                    Result.finite(epoch.trainLoss()),
                    epoch.test().map(EpochReport.Test::loss).orElse(null),
                    epoch.test().map(EpochReport.Test::accuracy).orElse(null),
                    epoch.ledger().trained(),
                    epoch.imagesPerSecond(),
                    epoch.trainSeconds(),
                    epoch.computeSeconds(),
                    epoch.waitSeconds(),
                    epoch.dataSeconds(),
                    epoch.syncSeconds());
        }
    }

    static void write(RunDirectory run, List<EpochReport> epochs) {
        run.writeTable(
                RunDirectory.METRICS, Line.class, epochs.stream().map(Line::of).toList());
    }
}
