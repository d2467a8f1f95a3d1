package dev.convoy.testing;

import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.apache.spark.storage.BlockManager;
import scala.collection.JavaConverters;

/** Loses what the first task of worker 1 has kept for the driver, before the driver hears that the task has ended. */
public final class LosingPlugin implements SparkPlugin {
    /** The setting that names a file, which notes that it was done. */
    public static final String FILE = "spark.convoy.test.losing";

    @Override
    public DriverPlugin driverPlugin() {
        return null;
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        return new ExecutorPlugin() {
            private Path file;

            @Override
            public void init(PluginContext context, Map<String, String> extraConf) {
                file = Path.of(context.conf().get(FILE));
            }

            @Override
            public void onTaskSucceeded() {
                BlockManager manager = SparkEnv.get().blockManager();
                JavaConverters.seqAsJavaList(
                                manager.getMatchingBlockIds(id -> id.name().contains("_rank_1_")))
                        .forEach(id -> {
                            if (LocalCluster.isFirst(file)) {
                                // The driver believes that it is here, as it does of an executor that has just died.
                                manager.removeBlock(id, false);
                            }
                        });
            }
        };
    }
}
