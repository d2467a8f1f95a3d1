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
     * Decodes images and asks for them all at once.
     *
     * @param images whose pixels fit into an array together
     * @return one for each image, in their order
     */
    public List<Prediction> predict(List<SourceImage> images) {
        ImageShape shape = decoder.shape();
        byte[] pixels = new byte[Math.multiplyExact(images.size(), shape.size())];
        Prediction[] predictions = new Prediction[images.size()];
        int[] asked = new int[images.size()];
        int count = 0;
        for (int i = 0; i < images.size(); i++) {
            try {
                byte[] decoded = decoder.decode(images.get(i).data());
                System.arraycopy(decoded, 0, pixels, count * shape.size(), decoded.length);
                asked[count++] = i;
            } catch (BadImageException e) {
                predictions[i] = Prediction.bad(images.get(i).name(), e.getMessage());
            }
        }
        if (count > 0) {
            double[] outputs = replica.outputs(batch(shape, Arrays.copyOf(pixels, count * shape.size()), count));
            for (int i = 0; i < count; i++) {
                predictions[asked[i]] = prediction(images.get(asked[i]).name(), outputs, i * classNames.size());
            }
        }
        return List.of(predictions);
    }

    private static ImageBatch batch(ImageShape shape, byte[] pixels, int count) {
        long[] ids = IntStream.range(0, count).asLongStream().toArray();
        return new ImageBatch(shape, ids, pixels, Collections.nCopies(count, Target.UNKNOWN));
    }

    private Prediction prediction(String image, double[] outputs, int from) {
        int classes = classNames.size();
        if (Evaluation.answer(outputs, from, classes) == classes) {
            return Prediction.bad(image, "the model's outputs for it are not finite");
        }
        double[] answers = loss.answers(outputs, from, classes);
        boolean[] taken = new boolean[classes];
        List<Ranked> ranked = new ArrayList<>();
        while (ranked.size() < top) {
            // By outputs, which tell classes apart whose probabilities are rounded to the same.
            int next = -1;
            for (int c = 0; c < classes; c++) {
                if (!taken[c] && (next < 0 || outputs[from + c] > outputs[from + next])) {
                    next = c;
                }
            }
            taken[next] = true;
            ranked.add(new Ranked(classNames.get(next), answers[next]));
        }
        return new Prediction(image, ranked, "");
    }
}
