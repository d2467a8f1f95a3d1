package dev.convoy.testing;

import com.holdenkarau.spark.testing.SharedJavaSparkContext;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests the shared {@link JavaSparkContext} of spark-testing-base (which is JUnit 4) on local[2]. */
public final class SparkExtension implements BeforeEachCallback, AfterAllCallback, ParameterResolver {
    private static final class Shared extends SharedJavaSparkContext {
        @Override
        public SparkConf conf() {
            return new SparkConf()
                    .setMaster("local[2]")
                    .setAppName("test")
                    .set("spark.app.id", appID())
                    .set("spark.ui.enabled", "false")
                    .set("spark.driver.bindAddress", "127.0.0.1");
        }
    }

    private final Shared shared = new Shared();

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
