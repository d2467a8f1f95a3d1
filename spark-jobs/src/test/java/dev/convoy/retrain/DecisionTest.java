package dev.convoy.retrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.gate.AlphaBudget;
import dev.convoy.gate.Answers;
import dev.convoy.gate.Gate;
import dev.convoy.gate.GatePolicy;
import dev.convoy.gate.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class DecisionTest {
    private static Decision decision() {
        BitSet right = new BitSet();
        right.set(0, 8);
        BitSet better = new BitSet();
        better.set(0, 10);
        Verdict verdict = Gate.decide(
                new GatePolicy(0.5), AlphaBudget.of(0.05), new Answers(new int[10], right, better, List.of("cat")));
        return new Decision(
                Decision.FORMAT,
                Outcome.REJECTED,
                verdict.sentence(),
                "key",
                1,
                null,
                "hash",
                new Decision.Images(10, 10, 0, 0, 0, new Manifest.Change(1, 2, 3, 4, 5)),
                List.of("brightness"),
                1,
                "data.split.test = 0.1",
                Decision.GateReport.of(verdict),
                7,
                "run",
                "2026-11-27T00:00:00Z");
    }

    @Test
    void whatIsWrittenIsRead() {
        Decision decision = decision();
        assertThat(Decision.read(decision.toBytes(), "key")).isEqualTo(decision);
        assertThat(decision.test().orElseThrow().promoted()).isFalse();
        assertThat(decision.toTree().at("/gate/comparison/change/better").asInt())
                .isEqualTo(2);
    }

    @Test
    void whatIsNoneIsRefusedByName() {
        for (String json : List.of("", "{}", "{\"format\":\"convoy-decision-9\"}", "[1")) {
            assertThatThrownBy(() -> Decision.read(json.getBytes(StandardCharsets.UTF_8), "key"))
                    .hasMessageContaining("Cannot read the decision key");
        }
    }

    /** So that a scheduler can tell them apart. */
    @Test
    void everyOutcomeHasACodeOfItsOwn() {
        assertThat(List.of(Outcome.values())).extracting(Outcome::exitCode).doesNotHaveDuplicates();
        assertThat(Outcome.ofExitCode(Outcome.NOOP.exitCode())).contains(Outcome.NOOP);
        assertThat(Outcome.ofExitCode(1)).isEmpty();
    }
}
