package dev.convoy.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.convoy.data.ConvoyException;
import dev.convoy.drift.ImageSetProfile;
import dev.convoy.model.Json;
import dev.convoy.registry.AliasLog;
import dev.convoy.registry.ModelVersion;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.retrain.Manifest;
import java.io.IOException;
import java.util.Optional;

/**
 * The model in use, and what it was trained on.
 *
 * @param version of the registry
 * @param manifest the images that it was trained on, and those that it was compared on; empty if it was not made by a night
 * @param profile what they were like; likewise
 */
record Champion(ModelVersion version, Optional<Manifest> manifest, Optional<ImageSetProfile> profile) {
    /** Files of a version. */
    static final String IMAGES = "images.txt.gz";

    static final String PROFILE = "profile.json";
    static final String DECISION = "decision.json";

    /** The champion of a model; empty before there is one. */
    static Optional<Champion> of(RegisteredModel model, AliasLog.Reading alias) throws IOException {
        if (alias.version().isEmpty()) {
            return Optional.empty();
        }
        ModelVersion version = model.version(alias.version().getAsInt());
        Optional<byte[]> profile = version.read(PROFILE);
        if (profile.isEmpty()) {
            return Optional.of(new Champion(version, Optional.empty(), Optional.empty()));
        }
        Manifest manifest =
                Manifest.read(version.open(IMAGES), version.file(IMAGES).toString());
        return Optional.of(new Champion(version, Optional.of(manifest), Optional.of(profile(version, profile.get()))));
    }

    static byte[] profileBytes(ImageSetProfile profile) {
        try {
            return Json.MAPPER.writeValueAsBytes(profile);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ImageSetProfile profile(ModelVersion version, byte[] json) throws IOException {
        try {
            return Json.MAPPER.readValue(json, ImageSetProfile.class);
        } catch (JsonProcessingException e) {
            throw new ConvoyException("Cannot read " + version.file(PROFILE) + "; promote a version that is sound", e);
        }
    }
}
