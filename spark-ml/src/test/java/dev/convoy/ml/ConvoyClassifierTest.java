package dev.convoy.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_extract;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ConvoyException;
import dev.convoy.predict.Classifier;
import dev.convoy.predict.Prediction;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.IndexToString;
import org.apache.spark.ml.feature.StringIndexer;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;

/** The stages on real digits, with Java's serializer and with Kryo. */
@Timeout(300)
class ConvoyClassifierTest {
    private static final String NETWORK =
            "{ layers = [{ type = flatten }, { type = dense, units = 16 }, { type = relu }, { type = dense, units = 10 }] }";

    abstract static class Stages {
        @TempDir
        Path folder;

        private SparkSession session;
        private Dataset<Row> digits;

        @BeforeEach
        void read(JavaSparkContext spark) throws IOException {
            session = SparkSession.builder()
                    .sparkContext(spark.sc())
                    .config("spark.sql.warehouse.dir", folder.toString())
                    .getOrCreate();
            digits = session.read()
                    .format("binaryFile")
                    .load(Digits.testFolder(folder) + "/*")
                    .select(
                            col("path"),
                            col("content").as("image"),
                            regexp_extract(col("path"), "([^/]+)/[^/]+$", 1)
                                    .cast("double")
                                    .as("label"))
                    .orderBy("path")
                    .coalesce(2);
        }

        @AfterEach
        void forget() {
            SparkSession.clearActiveSession();
            SparkSession.clearDefaultSession();
        }

        private ConvoyClassifier classifier() {
            return new ConvoyClassifier()
                    .setNetwork(NETWORK)
                    .setEpochs(2)
                    .setLearningRate(0.05)
                    .setBatchSize(16)
                    .setDirectory(folder.resolve("runs").toString())
                    .setSettings("train.workers=2", "sync.local-steps=4");
        }

        @Test
        void aModelAnswersAsClassifierDoes() {
            ConvoyModel model = classifier().setEpochs(8).fit(digits);
            List<Row> answers = model.transform(digits).collectAsList();
            assertThat(answers).hasSize(Digits.TEST);
            double right = new MulticlassClassificationEvaluator()
                    .setMetricName("accuracy")
                    .evaluate(model.transform(digits));
            assertThat(right).isGreaterThan(0.6);
            try (Classifier classifier = Classifier.load(model.runDirectory())) {
                for (Row row : answers.subList(0, 20)) {
                    Prediction expected = classifier.classify(row.<byte[]>getAs("image"));
                    Vector probabilities = row.getAs("probability");
                    expected.top().forEach(ranked -> assertThat(probabilities.apply(Integer.parseInt(ranked.name())))
                            .isCloseTo(ranked.probability(), within(1e-5)));
                    assertThat(row.<Double>getAs("prediction"))
                            .isEqualTo(Double.parseDouble(expected.best().name()));
                    assertThat(row.<String>getAs("error")).isNull();
                    assertThat(row.<Vector>getAs("rawPrediction").argmax()).isEqualTo(probabilities.argmax());
                }
            }
            // The copy that training read is gone, the run is there.
            assertThat(folder.resolve("runs").toFile().list((file, name) -> name.startsWith("images-")))
                    .isEmpty();
        }

        @Test
        void sparksImagesAreTakenToo() {
            Dataset<Row> pixels = session.read()
                    .format("image")
                    .load(folder.resolve("tree") + "/*")
                    .select(
                            col("image"),
                            regexp_extract(col("image.origin"), "([^/]+)/[^/]+$", 1)
                                    .cast("int")
                                    .as("label"));
            ConvoyModel model = classifier().setEpochs(1).fit(pixels);
            assertThat(model.transform(pixels).where("error IS NULL").count()).isEqualTo(Digits.TEST);
        }

        /** Settings go over params, and a part of one over the whole, in their order. */
        @Test
        void settingsAreOverParams() throws IOException {
            ConvoyModel model = classifier()
                    .setSettings(
                            "train.workers=2",
                            "data.train.limit=60",
                            "optimizer={ type = adam, learning-rate = 0.002 }")
                    .fit(digits);
            String config = Files.readString(Path.of(new org.apache.hadoop.fs.Path(model.runDirectory())
                            .toUri()
                            .getPath())
                    .resolve("config.resolved.conf"));
            assertThat(config)
                    .contains("limit=\"60\"")
                    .contains("type=adam")
                    .contains("learning-rate=0.002")
                    .doesNotContain("learning-rate=0.05");
        }

        /** IndexToString needs the names that StringIndexer has left; assemblers need the length of vectors. */
        @Test
        void columnsKeepWhatTheyAreSaidToBe() {
            Dataset<Row> named = digits.withColumn(
                            "name", functions.concat(lit("digit "), col("label").cast("int")))
                    .drop("label");
            Dataset<Row> indexed = new StringIndexer()
                    .setInputCol("name")
                    .setOutputCol("label")
                    .fit(named)
                    .transform(named);
            ConvoyModel model = classifier().setEpochs(1).fit(indexed);
            Dataset<Row> answers = model.transform(indexed);
            assertThat(new IndexToString()
                            .setInputCol("label")
                            .setOutputCol("again")
                            .transform(answers)
                            .where("again != name")
                            .count())
                    .isZero();
            assertThat(AttributeGroup.fromStructField(answers.schema().apply("probability"))
                            .size())
                    .isEqualTo(10);
        }

        @Test
        void paramsHaveRanges() {
            assertThatThrownBy(() -> classifier().setBatchSize(0)).hasMessageContaining("batchSize");
            assertThatThrownBy(() -> classifier().setHandleInvalid("ignore")).hasMessageContaining("handleInvalid");
            assertThatThrownBy(() -> classifier().setEpochs(0)).hasMessageContaining("epochs");
        }

        /** A label that no image has keeps its number, and no probability. */
        @Test
        void labelsNeedNotAllOccur() {
            Dataset<Row> few = digits.where("label in (3, 7, 8)");
            ConvoyModel model = classifier()
                    .setNetwork(NETWORK.replace("units = 10", "units = 3"))
                    .setNumClasses(10)
                    .fit(few);
            List<Row> answers = model.transform(few).collectAsList();
            assertThat(answers)
                    .extracting(row -> row.<Double>getAs("prediction"))
                    .isSubsetOf(3.0, 7.0, 8.0);
            Vector probabilities = answers.get(0).getAs("probability");
            assertThat(probabilities.size()).isEqualTo(10);
            assertThat(IntStream.of(0, 1, 2, 4, 5, 6, 9).mapToDouble(probabilities::apply))
                    .containsOnly(0.0);
            assertThat(model.transform(few)
                            .select("rawPrediction")
                            .first()
                            .<Vector>getAs(0)
                            .apply(0))
                    .isEqualTo(Double.NEGATIVE_INFINITY);
        }

        @Test
        void pipelinesAreSavedAndLoaded() throws IOException {
            Dataset<Row> named = digits.withColumn(
                            "label", col("label").cast("int").cast("string"))
                    .withColumnRenamed("label", "digit");
            StringIndexer indexer = new StringIndexer().setInputCol("digit").setOutputCol("label");
            PipelineModel fitted = new Pipeline()
                    .setStages(new PipelineStage[] {indexer, classifier().setEpochs(1)})
                    .fit(named);
            String path = folder.resolve("pipeline").toString();
            fitted.write().overwrite().save(path);
            PipelineModel loaded = PipelineModel.load(path);
            assertThat(predictions(loaded.transform(named))).isEqualTo(predictions(fitted.transform(named)));
            ConvoyModel model = (ConvoyModel) loaded.stages()[1];
            assertThat(model.uid()).isEqualTo(fitted.stages()[1].uid());
            assertThat(model.batchSize().parent()).isEqualTo(model.uid());
            assertThat((Integer) model.getOrDefault(model.batchSize())).isEqualTo(16);

            String saved = folder.resolve("model").toString();
            model.write().save(saved);
            assertThatThrownBy(() -> model.write().save(saved))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("already exists");
            model.write().overwrite().save(saved);
            assertThat(predictions(ConvoyModel.load(saved).transform(named)))
                    .isEqualTo(predictions(fitted.transform(named)));
            try (Stream<Path> left = Files.list(folder)) {
                assertThat(left.map(file -> file.getFileName().toString()).filter(name -> name.startsWith("model")))
                        .containsExactly("model");
            }
            try (Classifier classifier = Classifier.load(saved + "/data")) {
                assertThat(classifier.classNames()).hasSize(10);
            }

            ConvoyClassifier estimator = classifier();
            estimator.write().save(folder.resolve("estimator").toString());
            ConvoyClassifier again =
                    ConvoyClassifier.load(folder.resolve("estimator").toString());
            assertThat(again.uid()).isEqualTo(estimator.uid());
            for (Param<?> param : estimator.params()) {
                assertThat(again.get(param).isDefined())
                        .as(param.name())
                        .isEqualTo(estimator.get(param).isDefined());
                assertThat(again.getOrDefault(param)).as(param.name()).isEqualTo(estimator.getOrDefault(param));
            }
        }

        private static List<Row> predictions(Dataset<Row> answers) {
            return answers.select("path", "prediction", "probability")
                    .orderBy("path")
                    .collectAsList();
        }

        @Test
        void crossValidationChoosesByAccuracy() {
            ConvoyClassifier classifier = classifier();
            ParamMap[] grid = new ParamGridBuilder()
                    .addGrid(classifier.learningRate(), JavaConverters.asScalaBuffer(List.<Object>of(1e-6, 0.05)))
                    .build();
            CrossValidatorModel chosen = new CrossValidator()
                    .setEstimator(classifier)
                    .setEvaluator(new MulticlassClassificationEvaluator().setMetricName("accuracy"))
                    .setEstimatorParamMaps(grid)
                    .setNumFolds(2)
                    .setSeed(1)
                    .fit(digits);
            assertThat(chosen.avgMetrics()[1]).isGreaterThan(chosen.avgMetrics()[0] + 0.2);
            ConvoyModel best = (ConvoyModel) chosen.bestModel();
            assertThat(best.parent()
                            .extractParamMap()
                            .get(classifier.learningRate())
                            .get())
                    .isEqualTo(0.05);
        }

        @Test
        void imagesThatCannotBeUsedAreKeptSkippedOrRefused() {
            ConvoyModel model = classifier().setEpochs(1).fit(digits);
            Dataset<Row> some = digits.limit(3)
                    .withColumn("number", row_number().over(Window.orderBy("path")))
                    .withColumn(
                            "image",
                            when(col("number").equalTo(2), lit("no image").cast("binary"))
                                    .when(col("number").equalTo(3), lit(null).cast("binary"))
                                    .otherwise(col("image")));
            List<Row> kept = model.copy(ParamMap.empty())
                    .setHandleInvalid("keep")
                    .transform(some)
                    .orderBy("number")
                    .collectAsList();
            assertThat(kept)
                    .extracting(row -> row.<String>getAs("error") == null)
                    .containsExactly(true, false, false);
            assertThat(kept.get(1).<Double>getAs("prediction")).isNaN();
            assertThat(kept.get(2).<String>getAs("error")).contains("there is none");
            assertThat(model.copy(ParamMap.empty())
                            .setHandleInvalid("skip")
                            .transform(some)
                            .count())
                    .isEqualTo(1);
            assertThatThrownBy(() -> model.transform(some).count())
                    .hasStackTraceContaining("set handleInvalid to keep or skip");
        }

        @Test
        void schemasAreCheckedWithoutAJob() {
            StructType schema =
                    new StructType().add("image", DataTypes.BinaryType).add("label", DataTypes.DoubleType);
            assertThat(classifier().transformSchema(schema).fieldNames())
                    .containsExactly("image", "label", "rawPrediction", "probability", "prediction", "error");
            Map.of(
                            new StructType().add("label", DataTypes.DoubleType),
                                    "Cannot find the column image (imageCol)",
                            new StructType().add("image", DataTypes.BinaryType),
                                    "Cannot find the column label (labelCol)",
                            new StructType().add("image", DataTypes.StringType).add("label", DataTypes.DoubleType),
                                    "it holds string",
                            new StructType().add("image", DataTypes.BinaryType).add("label", DataTypes.StringType),
                                    "make them with StringIndexer",
                            schema.add("prediction", DataTypes.DoubleType), "Cannot add the column prediction")
                    .forEach((wrong, message) -> assertThatThrownBy(
                                    () -> classifier().transformSchema(wrong))
                            .isInstanceOf(ConvoyException.class)
                            .hasMessageContaining(message));
        }

        @Test
        void labelsThatAreNoneAreRefused() {
            assertThatThrownBy(() -> classifier()
                            .fit(digits.withColumn("label", col("label").minus(0.5))))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("250 of 250 labels are not 0, 1, 2 and so on");
            assertThatThrownBy(() -> classifier().setNumClasses(5).fit(digits))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("it has the label 9, but numClasses = 5");
        }
    }

    @Nested
    class WithJavasSerializer extends Stages {
        @RegisterExtension
        static final SparkExtension SPARK = new SparkExtension();
    }

    @Nested
    class WithKryo extends Stages {
        @RegisterExtension
        static final SparkExtension SPARK =
                new SparkExtension(Map.of("spark.serializer", "org.apache.spark.serializer.KryoSerializer"));
    }
}
