package dev.convoy.data.decode;

import dev.convoy.data.ImageShape;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import java.io.Serializable;

/**
 * How a model's images were brought to its shape, so that others can be in the same way.
 *
 * @param sizes what to do with an image of another height or width
 * @param colours what to do with a colour image where the shape has one channel
 */
public record Preparation(Sizes sizes, Colours colours) implements Serializable {
    /** Takes any image. */
    public static final Preparation ANY = new Preparation(Sizes.STRETCH, Colours.TO_GREY);

    /** Makes the decoder for a shape. */
    public ImageDecoder decoder(ImageShape shape) {
        return new ImageDecoder(shape, sizes, colours);
    }
}
