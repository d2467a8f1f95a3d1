package dev.convoy.report;

import java.util.List;

/**
 * The content of {@code evaluation/examples.json}: pictures of what a model was asked and what it looks at. Pictures are PNG files.
 *
 * @param samples answers to some test images
 * @param wrong those whose own class was given the least probability, the worst first
 * @param kernels of the first convolution; null if there is none
 * @param inputs the images of which {@code features} tells
 * @param features of the convolutions, in the network's order
 */
public record Examples(
        List<Answer> samples, List<Answer> wrong, Kernels kernels, List<Input> inputs, List<Features> features) {
    /** The file in a run directory. */
    public static final String FILE = "evaluation/examples.json";

    public Examples {
        samples = List.copyOf(samples);
        wrong = List.copyOf(wrong);
        inputs = List.copyOf(inputs);
        features = List.copyOf(features);
    }

    /**
     * An answer to an image.
     *
     * @param truth its class
     * @param answer what it was taken for
     * @param probability of the answer
     * @param truthProbability of its class
     * @param nearest the training image of the answer's class that is most like it; null if none was looked for
     * @param distance to that, in grey levels over all values; null without one
     */
    public record Answer(
            String truth,
            String answer,
            double probability,
            double truthProbability,
            byte[] picture,
            byte[] nearest,
            Double distance) {}

    /**
     * Filters as pictures.
     *
     * @param layer whose they are
     * @param filters it has
     * @param shown of these, row by row
     */
    public record Kernels(String layer, int filters, int shown, byte[] picture) {}

    /** An image that was sent through the network. */
    public record Input(String truth, byte[] picture) {}

    /**
     * What a convolution makes of the images.
     *
     * @param channels it has
     * @param height of a map
     * @param width of a map
     * @param shown channels, side by side
     * @param pictures one for each image
     */
    public record Features(String layer, int channels, int height, int width, int shown, List<byte[]> pictures) {
        public Features {
            pictures = List.copyOf(pictures);
        }
    }
}
