package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import java.math.BigDecimal;
import java.text.Normalizer;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The names of classes, and their indexes. Names are compared, and kept, in Unicode's composed form (NFC), as some file
 * systems write an accent apart from its letter.
 */
public final class Classes {
    private static final Logger LOG = LoggerFactory.getLogger(Classes.class);
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]{1,18}(\\.[0-9]{1,18})?");
    /** How many names a message shows at most. */
    private static final int SHOWN = 20;

    private final String source;
    private final List<String> names;
    private final Map<String, Integer> indexes = new HashMap<>();

    /**
     * @param source how messages call where labels come from
     * @param found labels, in any order, and more than once
     * @param known names in the order of their indexes; if empty, the found ones are the names, in the order of their
     *     numbers if all are numbers, of their letters otherwise
     */
    Classes(String source, Collection<String> found, List<String> known) {
        this.source = source;
        this.names = known.isEmpty() ? sorted(found) : List.copyOf(known);
        for (int i = 0; i < names.size(); i++) {
            indexes.put(composed(names.get(i)), i);
        }
        if (known.isEmpty()) {
            warnOfLookalikes();
        }
    }

    private static String composed(String name) {
        return Normalizer.normalize(name, Normalizer.Form.NFC);
    }

    private static List<String> sorted(Collection<String> found) {
        List<String> names = found.stream().map(Classes::composed).distinct().toList();
        boolean numbers = names.stream().allMatch(name -> NUMBER.matcher(name).matches());
        Comparator<String> order = Comparator.naturalOrder();
        return names.stream()
                .sorted(
                        numbers
                                ? Comparator.<String, BigDecimal>comparing(BigDecimal::new)
                                        .thenComparing(order)
                                : order)
                .toList();
    }

    private void warnOfLookalikes() {
        names.stream()
                .collect(Collectors.groupingBy(
                        name -> name.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT)))
                .values()
                .stream()
                .filter(alike -> alike.size() > 1)
                .limit(SHOWN)
                .forEach(alike -> LOG.warn(
                        "The classes {} of {} differ by capitals or spaces alone; mend the labels if they are one",
                        Printable.of(alike.toString()),
                        Printable.of(source)));
    }

    List<String> names() {
        return names;
    }

    /**
     * Finds the index of a class.
     *
     * @throws ConvoyException if there is none of this name
     */
    int indexOf(String name) {
        Integer index = indexes.get(composed(name));
        if (index == null) {
            throw new ConvoyException("Cannot use " + source + ": " + name + " is not among the classes " + shown(names)
                    + "; give data of the same classes");
        }
        return index;
    }

    /** Writes names for a message, only the first of many. */
    static String shown(List<String> names) {
        return names.size() <= SHOWN
                ? names.toString()
                : names.subList(0, SHOWN).toString().replace("]", ", and " + (names.size() - SHOWN) + " more]");
    }
}
