package dev.convoy.registry;

import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Redaction;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is to become an entry of an alias.
 *
 * @param version that it is to point to; empty if it is removed
 * @param reason in words, of which secrets are left out; not blank
 * @param runKey of the job whose decision it is
 */
public record AliasChange(AliasEntry.Action action, OptionalInt version, String reason, Optional<String> runKey) {
    public AliasChange {
        if (reason == null || reason.isBlank()) {
            throw new InvalidValueException(
                    "reason", "\"\"", "whoever reads the history wants to know why; give a reason");
        }
        reason = Redaction.of(reason);
        boolean points = action == AliasEntry.Action.PROMOTE || action == AliasEntry.Action.ROLLBACK;
        if (points && version.isEmpty() || action == AliasEntry.Action.REMOVE && version.isPresent()) {
            throw new InvalidValueException(
                    "version", version, "to promote and to roll back one is needed, to remove none");
        }
        runKey.ifPresent(key -> Names.check("run key", key));
    }

    public static AliasChange promote(int version, String reason) {
        return new AliasChange(AliasEntry.Action.PROMOTE, OptionalInt.of(version), reason, Optional.empty());
    }

    public static AliasChange rollback(int version, String reason) {
        return new AliasChange(AliasEntry.Action.ROLLBACK, OptionalInt.of(version), reason, Optional.empty());
    }

    public static AliasChange remove(String reason) {
        return new AliasChange(AliasEntry.Action.REMOVE, OptionalInt.empty(), reason, Optional.empty());
    }

    /** As the decision of a job. */
    public AliasChange withRunKey(String key) {
        return new AliasChange(action, version, reason, Optional.of(key));
    }
}
