package dev.convoy.model.backend;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ComputeBackendTest {
    @Test
    void anUnknownBackendIsRefused() {
        assertThatThrownBy(() -> ComputeBackend.named("tensorflow"))
                .hasMessageContaining("the backend tensorflow")
                .hasMessageContaining("[dl4j, torch]");
    }
}
