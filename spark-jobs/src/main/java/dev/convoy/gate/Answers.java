package dev.convoy.gate;

import dev.convoy.data.InvalidValueException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * What two models answered for the images of one hold-out. The order of the images does not matter, but is one for all three.
 *
 * @param truths by image, the index of its true class; at least one image
 * @param champion by image, whether the champion is right
 * @param challenger by image, whether the challenger is right
 * @param classNames by index
 */
public record Answers(int[] truths, BitSet champion, BitSet challenger, List<String> classNames) {
    public Answers {
        truths = truths.clone();
        champion = (BitSet) champion.clone();
        challenger = (BitSet) challenger.clone();
        classNames = List.copyOf(classNames);
        if (truths.length == 0) {
            throw new InvalidValueException("truths", "[]", "a hold-out has at least one image");
        }
        for (int truth : truths) {
            if (truth < 0 || truth >= classNames.size()) {
                throw new InvalidValueException("truths", truth, "there are " + classNames.size() + " classes");
            }
        }
        checkLength("champion", champion, truths.length);
        checkLength("challenger", challenger, truths.length);
    }

    private static void checkLength(String property, BitSet right, int images) {
        if (right.length() > images) {
            throw new InvalidValueException(
                    property, "an answer to image " + (right.length() - 1), "there are " + images + " images");
        }
    }

    /** The number of images. */
    public int images() {
        return truths.length;
    }

    /**
     * The answers for some of the images alone, as of those that a former hold-out had as well.
     *
     * @param chosen positions of images, at least one of them below {@link #images}
     */
    public Answers restrictedTo(BitSet chosen) {
        int[] positions = chosen.stream().filter(i -> i < truths.length).toArray();
        BitSet first = new BitSet();
        BitSet second = new BitSet();
        for (int i = 0; i < positions.length; i++) {
            first.set(i, champion.get(positions[i]));
            second.set(i, challenger.get(positions[i]));
        }
        int[] chosenTruths = Arrays.stream(positions).map(i -> truths[i]).toArray();
        return new Answers(chosenTruths, first, second, classNames);
    }

    /** How many images got better and worse. */
    Change change() {
        return Change.of(truths.length, champion, challenger);
    }

    /** The same by class, in the order of the classes. */
    List<Change> changesByClass() {
        int[] images = new int[classNames.size()];
        int[] better = new int[classNames.size()];
        int[] worse = new int[classNames.size()];
        for (int i = 0; i < truths.length; i++) {
            images[truths[i]]++;
            if (champion.get(i) != challenger.get(i)) {
                (challenger.get(i) ? better : worse)[truths[i]]++;
            }
        }
        Change[] changes = new Change[images.length];
        Arrays.setAll(changes, c -> new Change(images[c], better[c], worse[c]));
        return List.of(changes);
    }
}
