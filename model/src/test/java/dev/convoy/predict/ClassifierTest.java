package dev.convoy.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.ImageFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ClassifierTest {
    private static final List<String> NAMES =
            IntStream.range(0, 10).mapToObj(c -> "class " + c).toList();

    @TempDir
    Path run;

    /** Of LeNet on grey images of 28 by 28, with the weights that seed 7 draws. */
    @BeforeEach
    void save() throws IOException {
        Network network = NamedNetwork.LENET.spec(10).bind(new ImageShape(1, 28, 28));
        ModelState state = network.initialState(7);
        Normalization normalization = new Normalization(new float[] {0.5f}, new float[] {0.25f});
        new TrainedModel(network, NAMES, normalization, Preparation.ANY, state.parameters(), state.buffers())
                .save(
                        FileSystem.getLocal(new Configuration()),
                        new org.apache.hadoop.fs.Path(run.resolve("model").toString()));
    }

    /** Independent of each other: two engines, and the softmax of neither. */
    @Test
    void enginesAgreeOnAnImage() throws IOException {
        byte[] image = ImageFiles.noise("png");
        Prediction first;
        try (Classifier torch = Classifier.load(run.toString())) {
            first = torch.classify(image);
            assertThat(torch.classNames()).isEqualTo(NAMES);
        }
        try (Classifier dl4j = Classifier.load(run.toString(), "dl4j")) {
            Prediction second = dl4j.classify(image);
            assertThat(probabilities(second)).containsExactly(probabilities(first), within(1e-5));
        }
        assertThat(Arrays.stream(probabilities(first)).sum()).isEqualTo(1, within(1e-12));
        assertThat(first.top())
                .hasSize(10)
                .isSortedAccordingTo((a, b) -> Double.compare(b.probability(), a.probability()));
        assertThat(first.best()).isEqualTo(first.top().get(0));
    }

    private static double[] probabilities(Prediction prediction) {
        return NAMES.stream()
                .mapToDouble(name -> prediction.top().stream()
                        .filter(one -> one.name().equals(name))
                        .findFirst()
                        .orElseThrow()
                        .probability())
                .toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "webp", "bmp", "gif", "tiff"})
    void anyFormatIsTaken(String format) throws IOException {
        try (Classifier classifier = Classifier.load(run.toString())) {
            assertThat(classifier.classify(ImageFiles.noise(format)).isAnswered())
                    .isTrue();
        }
    }

    @Test
    void anImageThatCannotBeUsedIsAnAnswerAmongOthers() throws IOException {
        byte[] image = ImageFiles.noise("png");
        try (Classifier classifier = Classifier.load(run.toString())) {
            List<Prediction> found = classifier.classify(List.of(new byte[] {1, 2, 3}, image, new byte[0]));
            assertThat(found).extracting(Prediction::isAnswered).containsExactly(false, true, false);
            assertThat(found).extracting(Prediction::image).containsExactly("image 0", "image 1", "image 2");
            assertThat(found.get(0).error()).isNotEmpty();
            assertThat(found.get(1).top()).isEqualTo(classifier.classify(image).top());
            assertThatThrownBy(() -> found.get(0).best()).hasMessageContaining("There is no answer for image 0");
            assertThat(classifier.classify(List.of())).isEmpty();
        }
    }

    @Test
    void threadsMayShareOne() throws Exception {
        byte[] image = ImageFiles.noise("jpg");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (Classifier classifier = Classifier.load(run.toString())) {
            Prediction alone = classifier.classify(image);
            List<Callable<Prediction>> calls = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                calls.add(() -> classifier.classify(image));
            }
            for (Future<Prediction> answer : threads.invokeAll(calls)) {
                assertThat(answer.get()).isEqualTo(alone);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void closedItSaysSo() throws IOException {
        Classifier classifier = Classifier.load(run.toString());
        byte[] image = ImageFiles.noise("png");
        List<Prediction> many = classifier.classify(Collections.nCopies(70, image));
        assertThat(many).hasSize(70);
        assertThat(many.get(69).image()).isEqualTo("image 69");
        classifier.close();
        classifier.close();
        assertThatThrownBy(() -> classifier.classify(image)).hasMessage("This classifier is closed");
    }

    @Test
    void aModelThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> Classifier.load(run.resolve("none").toString()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("none/model.json");
        assertThatThrownBy(() -> Classifier.load(run.toString(), "tensorflow"))
                .hasMessageContaining("Cannot use the backend tensorflow");
    }

    /** So that what passes here passes in a process of one's own. */
    @Test
    void sparkIsNotOnThisClassPath() {
        assertThatThrownBy(() -> Class.forName("org.apache.spark.SparkContext"))
                .isInstanceOf(ClassNotFoundException.class);
    }
}
