package dev.convoy.data;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Class names and their indexes. */
final class Classes {
    private final String source;
    private final List<String> names;
    private final Map<String, Integer> indexes = new HashMap<>();

    /**
     * @param source how messages call where labels come from
     * @param found in any order, and more than once
     * @param known decide if there are any; else the found ones do, in the order of their numbers if all are numbers, of their
     *     names otherwise
     */
    Classes(String source, Collection<String> found, List<String> known) {
        this.source = source;
        this.names = known.isEmpty() ? sorted(found) : List.copyOf(known);
        for (int i = 0; i < names.size(); i++) {
            indexes.put(names.get(i), i);
        }
    }

    private static List<String> sorted(Collection<String> found) {
        boolean numbers = found.stream().allMatch(name -> name.matches("[0-9]{1,9}"));
        Comparator<String> order =
                numbers ? Comparator.comparingInt(Integer::parseInt) : Comparator.<String>naturalOrder();
        return found.stream().distinct().sorted(order).toList();
    }

    List<String> names() {
        return names;
    }

    /**
     * The index of a class.
     *
     * @throws ConvoyException if there is none of this name
     */
    int indexOf(String name) {
        Integer index = indexes.get(name);
        if (index == null) {
            throw new ConvoyException("Cannot use " + source + ": " + name + " is not among the classes " + names
                    + "; give data of the same classes");
        }
        return index;
    }
}
