package dev.convoy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.Result;
import java.util.LinkedHashMap;
import java.util.Map;

/** Settings that make a training short, to see that it works. */
final class Rehearsal {
    private static final int ROUNDS = 2;
    /** Where the number is chosen by timings. */
    private static final int USUAL_LOCAL_STEPS = 16;

    private static final int OVERFIT_EPOCHS = 100;
    private static final double LEARNED = 0.99;

    private Rehearsal() {}

    /**
     * Two rounds of everything: training, evaluation, checkpoints, models and report.
     *
     * @param cores that Spark has
     */
    static Map<String, String> fastDevRun(JobConfig job, int cores) {
        int workers = job.train().fixedWorkers().orElse(cores);
        int batch = job.data().batchSizeOf(workers) * workers;
        boolean gradient = job.sync().exchange() == JobConfig.Sync.Rule.GRADIENT;
        String local = job.sync().localSteps();
        int steps = gradient ? 1 : local.equals("auto") ? USUAL_LOCAL_STEPS : Integer.parseInt(local);
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("name", job.name() + "-fast-dev-run");
        settings.put(
                "data.train.limit",
                String.valueOf(
                        limit((long) ROUNDS * steps * batch, job.data().train().limit())));
        if (job.data().test() != null) {
            settings.put(
                    "data.test.limit",
                    String.valueOf(
                            limit((long) ROUNDS * batch, job.data().test().limit())));
        }
        settings.put("train.epochs", "1");
        settings.put("checkpoint.every", "1 rounds");
        return settings;
    }

    private static long limit(long wanted, Long configured) {
        return configured == null ? wanted : Math.min(wanted, configured);
    }

    /**
     * Trains on a few images, and is tested with the same: a network that cannot learn these by heart learns nothing.
     *
     * @param config of the training
     * @param images how many, at least 1
     * @param given settings of the command line, which stay
     */
    static Map<String, String> overfit(JobConfig job, Config config, int images, Map<String, String> given) {
        if (images < 1) {
            throw new ConvoyException("Cannot learn " + images + " images by heart; give --overfit at least 1");
        }
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("name", job.name() + "-overfit");
        String few = config.getConfig("data.train")
                .withValue("limit", ConfigValueFactory.fromAnyRef(images))
                .root()
                .render(ConfigRenderOptions.concise());
        settings.put("data.train", few);
        settings.put("data.test", few);
        settings.put("data.split", "null");
        settings.put("data.augment", "[]");
        settings.put("train.epochs", String.valueOf(OVERFIT_EPOCHS));
        // A course over as many epochs as the whole training has would end long before these are over.
        settings.put("optimizer.schedule", "{ type = constant }");
        settings.put("optimizer.warmup-epochs", "0");
        settings.put("train.stop.patience", "null");
        settings.put("checkpoint.every", "never");
        given.forEach((key, value) -> settings.computeIfPresent(
                key, (same, own) -> key.startsWith("train.") || key.startsWith("optimizer.") ? value : own));
        return settings;
    }

    /** What came of it, in words. */
    static String verdict(Result result) {
        Double accuracy = result.test() == null ? null : result.test().accuracy();
        if (accuracy != null && accuracy >= LEARNED) {
            return "The network has learned these images by heart: it can be trained.";
        }
        return "The network has not learned these images by heart: look at labels (scripts/convoy preview), the learning"
                + " rate (--find-rate) and the network's size.";
    }
}
