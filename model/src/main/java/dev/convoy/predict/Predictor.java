package dev.convoy.predict;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Loss;
import dev.convoy.model.backend.Replica;
import dev.convoy.predict.Prediction.Ranked;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Asks a replica about images, on the thread that owns it. What cannot be decoded or answered is a {@link Prediction} too. */
public final class Predictor {
    private final Replica replica;
    private final ImageDecoder decoder;
    private final Loss loss;
    private final List<String> classNames;
    private final int top;

    /**
     * @param decoder to the shape of the replica's network
     * @param loss that the network was trained by
     * @param classNames in the order of the outputs
     * @param top how many classes are told; fewer if there are fewer
     */
    public Predictor(Replica replica, ImageDecoder decoder, Loss loss, List<String> classNames, int top) {
        this.replica = replica;
        this.decoder = decoder;
        this.loss = loss;
        this.classNames = classNames;
        this.top = Math.min(top, classNames.size());
    }

    /**
     * What the network gives for an image.
     *
     * @param image its name
     * @param values one for each class, before any softmax; none if there is no answer
     * @param error why not; empty if there is one
     */
    public record Outputs(String image, double[] values, String error) {
        private static Outputs none(String image, String error) {
            return new Outputs(image, new double[0], error);
        }

        /** Whether there is an answer. */
        public boolean isAnswer() {
            return error.isEmpty();
        }
    }

    /**
     * Decodes images and asks for them all at once.
     *
     * @param images whose pixels fit into an array together
     * @return one for each image, in their order
     */
    public List<Outputs> outputs(List<SourceImage> images) {
        ImageShape shape = decoder.shape();
        byte[] pixels = new byte[Math.multiplyExact(images.size(), shape.size())];
        Outputs[] outputs = new Outputs[images.size()];
        int[] asked = new int[images.size()];
        int count = 0;
        for (int i = 0; i < images.size(); i++) {
            try {
                byte[] decoded = decoder.decode(images.get(i).data());
                System.arraycopy(decoded, 0, pixels, count * shape.size(), decoded.length);
                asked[count++] = i;
            } catch (BadImageException e) {
                outputs[i] = Outputs.none(images.get(i).name(), e.getMessage());
            }
        }
        if (count > 0) {
            int classes = classNames.size();
            double[] values = replica.outputs(batch(shape, Arrays.copyOf(pixels, count * shape.size()), count));
            for (int i = 0; i < count; i++) {
                String name = images.get(asked[i]).name();
                outputs[asked[i]] = Evaluation.answer(values, i * classes, classes) == classes
                        ? Outputs.none(name, "the model's outputs for it are not finite")
                        : new Outputs(name, Arrays.copyOfRange(values, i * classes, (i + 1) * classes), "");
            }
        }
        return List.of(outputs);
    }

    /**
     * Decodes images and asks for them all at once.
     *
     * @param images whose pixels fit into an array together
     * @return one for each image, in their order
     */
    public List<Prediction> predict(List<SourceImage> images) {
        return outputs(images).stream().map(this::prediction).toList();
    }

    private static ImageBatch batch(ImageShape shape, byte[] pixels, int count) {
        long[] ids = IntStream.range(0, count).asLongStream().toArray();
        return new ImageBatch(shape, ids, pixels, Collections.nCopies(count, Target.UNKNOWN));
    }

    private Prediction prediction(Outputs outputs) {
        if (!outputs.isAnswer()) {
            return Prediction.bad(outputs.image, outputs.error);
        }
        int classes = classNames.size();
        double[] answers = loss.answers(outputs.values, 0, classes);
        boolean[] taken = new boolean[classes];
        List<Ranked> ranked = new ArrayList<>();
        while (ranked.size() < top) {
            // By outputs, which tell classes apart whose probabilities are rounded to the same.
            int next = -1;
            for (int c = 0; c < classes; c++) {
                if (!taken[c] && (next < 0 || outputs.values[c] > outputs.values[next])) {
                    next = c;
                }
            }
            taken[next] = true;
            ranked.add(new Ranked(classNames.get(next), answers[next]));
        }
        return new Prediction(outputs.image, ranked, "");
    }
}
