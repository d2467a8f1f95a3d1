package dev.convoy.data;

import java.util.List;

/**
 * What there is to know of a set of labelled images before any is read.
 *
 * @param description what messages call the set, for example its path
 * @param examples number of images; their ids are {@code 0 .. examples - 1}
 * @param classNames in the order of the class indexes; empty if no target is a class index
 */
public record ImageSetInfo(String description, long examples, List<String> classNames) {
    public ImageSetInfo {
        classNames = List.copyOf(classNames);
    }
}
