package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Placement.Precision;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.SparkExtension;
import dev.convoy.train.replica.ReplicaSpec;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SparkExtension.class)
class PrecisionChoiceTest {
    private static Config config(String precision) {
        return ConfigFactory.parseMap(Map.of("backend.precision", precision));
    }

    private static ReplicaSpec replica(String backend) {
        return new ReplicaSpec(
                backend,
                Placement.CPU,
                NamedNetwork.LENET.spec(10),
                new ImageShape(1, 28, 28),
                new Normalization(new float[] {0}, new float[] {1}));
    }

    @Test
    void theSlowestTaskDecides() {
        assertThat(PrecisionChoice.faster(List.of(new double[] {2, 1}, new double[] {1, 0.9})))
                .isEqualTo(Precision.BF16);
        assertThat(PrecisionChoice.faster(List.of(new double[] {1, 0.5}, new double[] {1, 1})))
                .as("one gains nothing")
                .isEqualTo(Precision.FP32);
        assertThat(PrecisionChoice.faster(List.of(new double[] {1, 0.95})))
                .as("by chance")
                .isEqualTo(Precision.FP32);
    }

    @Test
    void autoAloneIsSettled(JavaSparkContext spark) {
        assertThat(PrecisionChoice.settled(config("bf16"), spark, replica("torch"), 8))
                .isEqualTo(config("bf16"));
        assertThat(PrecisionChoice.settled(config("auto"), spark, replica("torch"), 8)
                        .getString("backend.precision"))
                .isIn("fp32", "bf16");
        assertThat(PrecisionChoice.settled(config("auto"), spark, replica("dl4j"), 8))
                .as("which has no other")
                .isEqualTo(config("fp32"));
    }

    @Test
    void anEarlierAttemptHasSettledIt() {
        Map<String, String> earlier = Map.of("backend.precision", "bf16");
        assertThat(AutoKeys.asBefore(config("auto"), earlier)).isEqualTo(config("bf16"));
        assertThat(AutoKeys.asBefore(config("fp32"), earlier)).isEqualTo(config("fp32"));
        assertThat(AutoKeys.asBefore(config("auto"), Map.of())).isEqualTo(config("auto"));
    }
}
