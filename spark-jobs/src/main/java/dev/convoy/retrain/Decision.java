package dev.convoy.retrain;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.gate.AlphaBudget;
import dev.convoy.gate.Comparison;
import dev.convoy.gate.OldHoldOut;
import dev.convoy.gate.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How a night has ended, and by what. Components that do not apply are null and left out.
 *
 * @param format of this record
 * @param outcome how it ended
 * @param sentence the same, and why, in a line
 * @param runKey of the night: what is the same for the same images, configuration, code and champion
 * @param champion the version that was champion when the night decided
 * @param version that the challenger has become
 * @param manifest hash of the list of images
 * @param images how many of what
 * @param findings about the images, a line each
 * @param holdOut the number of the hold-out, which rises when it is refreshed; tests on one share its alpha
 * @param holdOutDefinition what decides which images are held out
 * @param gate what the decision rests on
 * @param run the directory of the job that decided
 * @param lease the number of the lease under which it was decided, by which decisions are in order
 * @param time when, in UTC, by the clock of the job's host
 */
public record Decision(
        String format,
        Outcome outcome,
        String sentence,
        String runKey,
        Integer champion,
        Integer version,
        String manifest,
        Images images,
        List<String> findings,
        Integer holdOut,
        String holdOutDefinition,
        GateReport gate,
        Integer lease,
        String run,
        String time) {
    public static final String FORMAT = "convoy-decision-1";

    /** In the style of {@code result.json}, of which a decision is a part. */
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .serializationInclusion(JsonInclude.Include.NON_NULL)
            .build();

    public Decision {
        Objects.requireNonNull(outcome);
        Objects.requireNonNull(sentence);
        findings = findings == null ? List.of() : List.copyOf(findings);
    }

    /** What a night knows before it has looked at anything. */
    public static Decision of(Outcome outcome, String sentence, String run, String time) {
        return new Decision(
                FORMAT, outcome, sentence, null, null, null, null, null, null, null, null, null, null, run, time);
    }

    /** The same, of a challenger that has become a version. */
    public Decision withVersion(int number) {
        return new Decision(
                format,
                outcome,
                sentence,
                runKey,
                champion,
                number,
                manifest,
                images,
                findings,
                holdOut,
                holdOutDefinition,
                gate,
                lease,
                run,
                time);
    }

    /** The test that was made on the hold-out; empty if none was. */
    public Optional<AlphaBudget.Test> test() {
        return Optional.ofNullable(gate)
                .map(GateReport::comparison)
                .map(seen -> new AlphaBudget.Test(seen.alpha(), seen.pBetter(), gate.promoted));
    }

    /** For {@code result.json}. */
    public JsonNode toTree() {
        return MAPPER.valueToTree(this);
    }

    public byte[] toBytes() {
        try {
            return MAPPER.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads what {@link #toBytes} wrote.
     *
     * @param name how messages call it
     * @throws ConvoyException if it is not one of this version
     */
    public static Decision read(byte[] bytes, String name) {
        try {
            JsonNode tree = MAPPER.readTree(bytes);
            if (!tree.path("format").asText().equals(FORMAT)) {
                throw new ConvoyException("Cannot read the decision " + name + ": its format is "
                        + Printable.of(tree.path("format").asText()) + ", but this version reads " + FORMAT
                        + "; use the version that wrote it");
            }
            return MAPPER.treeToValue(tree, Decision.class);
        } catch (IOException e) {
            throw new ConvoyException("Cannot read the decision " + name + ": " + Printable.firstLine(e), e);
        }
    }

    /**
     * How many images there are.
     *
     * @param trained on the one side
     * @param heldOut on the other
     * @param rejected that cannot be used
     * @param copies of images of the same side
     * @param leaked that are on both sides
     * @param change since the champion's; null without a champion
     */
    public record Images(long trained, long heldOut, long rejected, long copies, long leaked, Manifest.Change change) {}

    /** A {@link Verdict} for files. */
    public record GateReport(
            boolean promoted,
            List<Verdict.Reason> reasons,
            int images,
            double accuracy,
            double floor,
            Comparison comparison,
            OldHoldOut oldHoldOut) {
        public static GateReport of(Verdict verdict) {
            return new GateReport(
                    verdict.promoted(),
                    verdict.reasons(),
                    verdict.images(),
                    verdict.accuracy(),
                    verdict.floor(),
                    verdict.comparison().orElse(null),
                    verdict.oldHoldOut().orElse(null));
        }
    }
}
