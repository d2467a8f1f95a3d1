package dev.convoy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.registry.Lease;
import dev.convoy.registry.LeaseOptions;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.RegisteredModel;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** A command on a registry. */
abstract class ModelsCommand implements Callable<Integer> {
    @Mixin
    private RegistryOption registry;

    /** The registry, to read it. */
    final ModelRegistry registry() throws IOException {
        return registry.registry();
    }

    /** A model of a registry that can be written. */
    final RegisteredModel writable(String name) throws IOException {
        // Looked up first, so that a typing error makes no folder.
        registry().model(name);
        return registry().requireWritable().model(name);
    }

    /**
     * Takes the lease of a model, as a person does.
     *
     * @param seconds to wait for it
     */
    static Lease lease(RegisteredModel model, String command, int seconds) throws IOException {
        if (seconds < 0) {
            throw new ConvoyException("Cannot use --wait " + seconds + "; it must be at least 0");
        }
        return model.acquire(new LeaseOptions("models " + command).withPatience(Duration.ofSeconds(seconds)));
    }

    static void printJson(Object value) throws JsonProcessingException {
        System.out.println(Json.MAPPER.writeValueAsString(value));
    }
}
