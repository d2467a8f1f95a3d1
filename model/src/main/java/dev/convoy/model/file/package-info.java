/** Models and weights in files: safetensors with JSON beside it. Deeplearning4j's own format is in {@code model.backend.dl4j}. */
package dev.convoy.model.file;
