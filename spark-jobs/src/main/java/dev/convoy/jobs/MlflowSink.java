package dev.convoy.jobs;

import dev.convoy.mlflow.MlflowMetrics;
import dev.convoy.report.Event;
import dev.convoy.report.EventSink;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells MLflow how a training goes. */
final class MlflowSink implements EventSink {
    private static final Logger LOG = LoggerFactory.getLogger(MlflowSink.class);

    private final MlflowMetrics metrics;

    MlflowSink(MlflowMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void accept(Event event) {
        Map<String, Double> values = new HashMap<>();
        if (event instanceof Event.Rounds rounds) {
            values.put("rounds/loss", rounds.loss());
            values.put("rounds/learning-rate", rounds.learningRate());
            values.put("rounds/update-norm", rounds.updateNorm());
            values.put("rounds/images-per-second", rounds.images() / rounds.seconds());
            values.put("rounds/exchange-share", rounds.exchangeShare());
        } else if (event instanceof Event.Epoch epoch) {
            values.put("epoch/train-loss", epoch.trainLoss());
            values.put("epoch/test-loss", epoch.testLoss());
            values.put("epoch/test-accuracy", epoch.testAccuracy());
            values.put("epoch/images-per-second", epoch.imagesPerSecond());
        } else if (event instanceof Event.Ended ended) {
            end(ended);
            return;
        }
        if (!values.isEmpty()) {
            metrics.log(event.step(), Instant.parse(event.time()).toEpochMilli(), values);
        }
    }

    /** MLflow's word for an ending. */
    static String status(String ending) {
        return switch (ending) {
            case "completed" -> "FINISHED";
            case "interrupted" -> "KILLED";
            default -> "FAILED";
        };
    }

    private void end(Event.Ended ended) {
        long missing = metrics.end(status(ended.ending()));
        if (missing > 0) {
            LOG.warn(
                    "MLflow has not got {} numbers of this run; scripts/convoy sync RUN --uri ... sends all of them once more",
                    missing);
        }
    }
}
