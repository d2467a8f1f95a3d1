package dev.convoy.mlflow;

import java.util.Map;

/**
 * Which version of Convoy's each alias stands for.
 *
 * @param wanted now
 * @param sent as MLflow was told last
 */
record AliasState(Map<String, Integer> wanted, Map<String, Integer> sent) {
    AliasState {
        wanted = Map.copyOf(wanted);
        sent = Map.copyOf(sent);
    }

    static AliasState empty() {
        return new AliasState(Map.of(), Map.of());
    }

    boolean isSent() {
        return wanted.equals(sent);
    }
}
