package dev.convoy.checkpoint;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.NetworkSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a training is of: two of the same provenance come to the same weights.
 *
 * @param version of the code
 * @param backend that computes
 * @param workers whose contributions are summed
 * @param stepsPerEpoch that the workers take
 * @param configuration values by key, as text; those alone that a result depends on
 * @param data image sets by name, {@code train} and, if there is one, {@code test}
 * @param network that is trained
 * @param input shape of its images
 * @param normalization of its inputs
 * @param classWeights of the training images, in the loss
 */
public record Provenance(
        String version,
        String backend,
        int workers,
        int stepsPerEpoch,
        Map<String, String> configuration,
        Map<String, ImageSetDigest> data,
        NetworkSpec network,
        ImageShape input,
        Normalization normalization,
        ClassWeights classWeights) {
    private static final String NONE = "(not set)";

    public Provenance {
        Objects.requireNonNull(version);
        Objects.requireNonNull(backend);
        Objects.requireNonNull(network);
        Objects.requireNonNull(input);
        Objects.requireNonNull(normalization);
        Objects.requireNonNull(classWeights);
        configuration = new TreeMap<>(configuration);
        data = new TreeMap<>(data);
        Objects.requireNonNull(data.get("train"));
        if (workers < 1 || stepsPerEpoch < 1) {
            throw new IllegalArgumentException("There are " + workers + " workers and " + stepsPerEpoch + " steps");
        }
    }

    /** The names of the classes of the training images. */
    public List<String> classNames() {
        return data.get("train").classes();
    }

    /**
     * Lists how a configuration differs from this one's, a line for each key; empty if it does not.
     *
     * @param now values by key, as text
     */
    public List<String> configurationChanges(Map<String, String> now) {
        TreeSet<String> keys = new TreeSet<>(configuration.keySet());
        keys.addAll(now.keySet());
        return keys.stream()
                .filter(key -> !Objects.equals(configuration.get(key), now.get(key)))
                .map(key -> key + ": " + configuration.getOrDefault(key, NONE) + " -> " + now.getOrDefault(key, NONE))
                .toList();
    }

    /** Lists how image sets differ from this one's; empty if they do not. */
    public List<String> dataChanges(Map<String, ImageSetDigest> now) {
        List<String> changes = new ArrayList<>();
        TreeSet<String> names = new TreeSet<>(data.keySet());
        names.addAll(now.keySet());
        for (String name : names) {
            if (data.containsKey(name) && now.containsKey(name)) {
                changes.addAll(data.get(name).changes("data." + name, now.get(name)));
            } else {
                changes.add("data." + name + ": " + (data.containsKey(name) ? "is gone" : "is new"));
            }
        }
        return changes;
    }

    /**
     * Says why training that goes on with another provenance does not come to the weights, bit for bit, of one that was never interrupted;
     * empty if it does. Changes of the configuration and the data are told elsewhere.
     */
    public List<String> inexactness(Provenance now) {
        List<String> reasons = new ArrayList<>();
        if (!backend.equals(now.backend)) {
            reasons.add("the backend was " + backend + " and is " + now.backend + ", which rounds differently");
        }
        if (workers != now.workers) {
            reasons.add(
                    "there were " + workers + " workers and are " + now.workers + ", whose batches are not the same");
        }
        if (!version.equals(now.version)) {
            reasons.add("the checkpoint is of version " + version + ", this is " + now.version);
        }
        return reasons;
    }
}
