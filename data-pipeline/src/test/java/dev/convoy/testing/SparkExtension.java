package dev.convoy.testing;

import com.holdenkarau.spark.testing.SharedJavaSparkContext;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests the shared {@link JavaSparkContext} of spark-testing-base (which is JUnit 4) on local[2]; with settings
 * of Spark's where it is registered as a field.
 */
public final class SparkExtension implements BeforeEachCallback, AfterAllCallback, ParameterResolver {
    private static final class Shared extends SharedJavaSparkContext {
        private final Map<String, String> settings;

        Shared(Map<String, String> settings) {
            this.settings = settings;
        }

        @Override
        public SparkConf conf() {
            SparkConf conf = new SparkConf()
                    .setMaster("local[2]")
                    .setAppName("test")
                    .set("spark.app.id", appID())
                    .set("spark.ui.enabled", "false")
                    .set("spark.driver.bindAddress", "127.0.0.1");
            settings.forEach(conf::set);
            return conf;
        }
    }

    private final Shared shared;

    public SparkExtension() {
        this(Map.of());
    }

    public SparkExtension(Map<String, String> settings) {
        this.shared = new Shared(settings);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        shared.runBefore();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        SharedJavaSparkContext.runAfterClass();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == JavaSparkContext.class;
    }

    @Override
    public JavaSparkContext resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return shared.jsc();
    }
}
