package dev.convoy.model.file;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.HeapVector;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.storage.AtomicFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A file's tensors on their way into the vectors of a network. */
final class NamedTensors {
    private final String file;
    private final Map<String, Safetensors.Tensor> tensors;

    private NamedTensors(String file, Map<String, Safetensors.Tensor> tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    /** Gives tensors other names, which must differ from each other. */
    NamedTensors renamed(UnaryOperator<String> names) {
        Map<String, Safetensors.Tensor> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            if (renamed.put(names.apply(name), tensor) != null) {
                throw new ConvoyException("Cannot load " + file + ": two of its tensors would be called "
                        + names.apply(name) + "; give one of them another name, or take off another prefix");
            }
        });
        return new NamedTensors(file, renamed);
    }

    /**
     * Reads a safetensors file; PyTorch's counters of batches, which nothing here needs, are left out.
     *
     * @param hint what to do if the file is not there
     */
    static NamedTensors read(FileSystem files, Path file, String hint) throws IOException {
        try (InputStream in = open(files, file, hint)) {
            return new NamedTensors(
                    file.toString(),
                    Safetensors.read(in, file.toString(), name -> !name.endsWith(".num_batches_tracked")));
        }
    }

    /** A network's own tensors, under Convoy's names, copied. */
    static NamedTensors of(String origin, Network network, float[] parameters, float[] buffers) {
        return new NamedTensors(
                origin,
                new NetworkTensors(network)
                        .putModel("", new ModelState(parameters, buffers))
                        .asMap());
    }

    static InputStream open(FileSystem files, Path file, String hint) throws IOException {
        try {
            return AtomicFiles.open(files, file);
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find " + file + "; " + hint, e);
        }
    }

    /**
     * The values that belong into a network.
     *
     * @param otherName what the file may call a tensor instead
     * @param left layout entries that keep their values, whatever the file holds
     * @throws ConvoyException naming, kind by kind, tensors that are missing, misshapen, superfluous or not finite
     */
    Values match(Network network, UnaryOperator<String> otherName, Set<ParameterLayout.Entry> left) {
        Map<String, Safetensors.Tensor> unused = new LinkedHashMap<>(tensors);
        Map<ParameterLayout.Entry, float[]> values = new LinkedHashMap<>();
        Mismatches wrong = new Mismatches();
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            Safetensors.Tensor byName = unused.remove(entry.name());
            Safetensors.Tensor tensor = byName == null ? unused.remove(otherName.apply(entry.name())) : byName;
            List<Integer> shape = entry.tensor().shape();
            if (left.contains(entry)) {
                continue;
            }
            if (tensor == null) {
                wrong.add(Mismatches.Kind.MISSING, entry.name() + " should be " + shape + " but is missing");
            } else if (!tensor.shape().equals(shape)) {
                wrong.add(
                        Mismatches.Kind.MISSHAPEN, entry.name() + " should be " + shape + " but is " + tensor.shape());
            } else if (!HeapVector.over(tensor.values()).isFinite()) {
                wrong.add(Mismatches.Kind.NOT_FINITE, entry.name() + " has values that are not finite");
            } else {
                values.put(entry, tensor.values());
            }
        }
        unused.keySet().forEach(name -> wrong.add(Mismatches.Kind.SUPERFLUOUS, name + " is not in the network"));
        wrong.throwIfAny("Cannot load " + file + ": ");
        return new Values(values);
    }

    /** Values that fit a network. */
    record Values(Map<ParameterLayout.Entry, float[]> byEntry) {
        /** Copies every tensor to its place. */
        void copyTo(float[] parameters, float[] buffers) {
            byEntry.forEach((entry, from) ->
                    System.arraycopy(from, 0, entry.isBuffer() ? buffers : parameters, entry.offset(), entry.size()));
        }
    }

    /** Collects what does not fit, and names a few of each kind. */
    private static final class Mismatches {
        private static final int SHOWN = 10;

        enum Kind {
            MISSING,
            MISSHAPEN,
            NOT_FINITE,
            SUPERFLUOUS
        }

        private final Map<Kind, List<String>> found = new EnumMap<>(Kind.class);

        void add(Kind kind, String what) {
            found.computeIfAbsent(kind, key -> new ArrayList<>()).add(what);
        }

        void throwIfAny(String beginning) {
            if (!found.isEmpty()) {
                throw new ConvoyException(beginning
                        + found.values().stream().map(Mismatches::shown).collect(Collectors.joining("; ")));
            }
        }

        private static String shown(List<String> all) {
            return all.size() <= SHOWN
                    ? String.join("; ", all)
                    : String.join("; ", all.subList(0, SHOWN)) + "; and " + (all.size() - SHOWN) + " more like these";
        }
    }
}
