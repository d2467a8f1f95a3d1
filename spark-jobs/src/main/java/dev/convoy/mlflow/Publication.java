package dev.convoy.mlflow;

import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Redaction;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What MLflow is told of one version of a model. Secrets in texts are left out from the beginning, so that none comes into a file.
 *
 * @param version in Convoy's registry, from 1; MLflow counts its own, and gets this one as a tag
 * @param source where the version's files are, a URI
 * @param metrics by name
 * @param params by name: what it was trained with
 * @param tags by name
 * @param aliases which version each alias of the model stands for now, all of them: one that is not named does not exist any more
 */
public record Publication(
        int version,
        String source,
        Map<String, Double> metrics,
        Map<String, String> params,
        Map<String, String> tags,
        Map<String, Integer> aliases) {
    public Publication {
        requireVersion("version", version);
        if (source == null || source.isBlank()) {
            throw new InvalidValueException("source", source, "it must be a URI");
        }
        source = Redaction.of(source);
        metrics = Map.copyOf(metrics);
        params = withoutSecrets(params);
        tags = withoutSecrets(tags);
        aliases = Map.copyOf(aliases);
        aliases.values().forEach(target -> requireVersion("aliases", target));
    }

    private static void requireVersion(String property, int version) {
        if (version < 1) {
            throw new InvalidValueException(property, version, "versions begin with 1");
        }
    }

    private static Map<String, String> withoutSecrets(Map<String, String> texts) {
        Map<String, String> shown = new TreeMap<>();
        texts.forEach((key, text) -> shown.put(
                Objects.requireNonNull(key), Redaction.isSecret(key) ? Redaction.REDACTED : Redaction.of(text)));
        return Map.copyOf(shown);
    }

    /** The same with all its texts changed. */
    Publication mapTexts(UnaryOperator<String> change) {
        Map<String, String> newParams = new TreeMap<>(params);
        newParams.replaceAll((key, text) -> change.apply(text));
        Map<String, String> newTags = new TreeMap<>(tags);
        newTags.replaceAll((key, text) -> change.apply(text));
        return new Publication(version, change.apply(source), metrics, newParams, newTags, aliases);
    }
}
