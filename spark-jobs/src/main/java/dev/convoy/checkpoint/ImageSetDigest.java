package dev.convoy.checkpoint;

import java.util.ArrayList;
import java.util.List;

/**
 * A set of images in a few numbers, by which a changed one is noticed.
 *
 * @param examples usable images
 * @param rejected others
 * @param classes their names, in the order of their indexes
 * @param perClass usable images of each
 * @param content a sum over the images' ids, classes and pixels
 */
public record ImageSetDigest(long examples, long rejected, List<String> classes, List<Long> perClass, String content) {
    private static final int SHOWN = 5;

    public ImageSetDigest {
        classes = List.copyOf(classes);
        perClass = List.copyOf(perClass);
    }

    /**
     * Lists what has changed, a line each; nothing if the sets are the same.
     *
     * @param now the set as it is now
     */
    List<String> changes(String name, ImageSetDigest now) {
        List<String> changes = new ArrayList<>();
        if (examples != now.examples || rejected != now.rejected) {
            changes.add(name + ": " + examples + " images (" + rejected + " rejected) -> " + now.examples + " ("
                    + now.rejected + " rejected)");
        }
        if (!classes.equals(now.classes)) {
            changes.add(name + ": classes " + classes + " -> " + now.classes);
        } else if (!perClass.equals(now.perClass)) {
            changes.add(name + ": images by class have changed: " + classChanges(now));
        }
        if (changes.isEmpty() && !content.equals(now.content)) {
            changes.add(name + ": as many images of each class, but not the same ones");
        }
        return changes;
    }

    private String classChanges(ImageSetDigest now) {
        List<String> changes = new ArrayList<>();
        for (int c = 0; c < classes.size(); c++) {
            if (!perClass.get(c).equals(now.perClass.get(c))) {
                changes.add(classes.get(c) + " " + perClass.get(c) + " -> " + now.perClass.get(c));
            }
        }
        return String.join(", ", changes.subList(0, Math.min(SHOWN, changes.size())))
                + (changes.size() > SHOWN ? " and " + (changes.size() - SHOWN) + " more" : "");
    }
}
