package dev.convoy.model.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.Printable;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.storage.AtomicFiles;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A network with its weights and what a user needs to ask it: on disk a folder with {@code weights.safetensors} and
 * {@code model.json}.
 *
 * @param classNames in the order of the outputs
 * @param normalization of its inputs
 * @param preparation of images to its input
 * @param parameters in the canonical layout
 * @param buffers in the canonical layout
 */
public record TrainedModel(
        Network network,
        List<String> classNames,
        Normalization normalization,
        Preparation preparation,
        float[] parameters,
        float[] buffers) {
    private static final String FORMAT = "convoy-model-1";
    /** The file of the weights in a model's folder. */
    public static final String WEIGHTS = "weights.safetensors";

    /** The folder of the model in a run directory. */
    public static final String FOLDER = "model";

    private static final String DESCRIPTION = "model.json";
    private static final String WHERE = "give a run directory or its model folder";

    /** The content of {@code model.json}. */
    private record Description(
            String format,
            ImageShape input,
            List<String> classes,
            Normalization normalization,
            Preparation images,
            NetworkSpec network) {
        boolean isComplete() {
            boolean prepares = images == null || images.sizes() != null && images.colours() != null;
            return input != null && classes != null && normalization != null && network != null && prepares;
        }
    }

    /**
     * Writes the model's two files into a folder, which is made if it does not exist. Each replaces its predecessor in one step; the
     * description, without which a folder is no model, comes last.
     */
    public void save(FileSystem files, Path folder) throws IOException {
        files.mkdirs(folder);
        NetworkTensors tensors = new NetworkTensors(network).putModel("", state());
        AtomicFiles.replace(files, new Path(folder, WEIGHTS), tensors::write);
        byte[] description = SpecJson.MAPPER.writeValueAsBytes(
                new Description(FORMAT, network.input(), classNames, normalization, preparation, network.spec()));
        AtomicFiles.replace(files, new Path(folder, DESCRIPTION), out -> out.write(description));
    }

    /** The folder of a model, given that or a run directory. */
    public static Path folder(FileSystem files, Path path) throws IOException {
        Path inRun = new Path(path, FOLDER);
        return files.exists(inRun) ? inRun : path;
    }

    /** Its parameters and buffers, which are not copied. */
    public ModelState state() {
        return new ModelState(parameters, buffers);
    }

    /**
     * Reads a model that {@link #save} wrote.
     *
     * @throws ConvoyException if a file is missing or malformed, or a tensor is missing, superfluous or misshapen
     */
    public static TrainedModel load(FileSystem files, Path folder) throws IOException {
        Description description;
        try (InputStream in = NamedTensors.open(files, new Path(folder, DESCRIPTION), WHERE)) {
            description = SpecJson.MAPPER.readValue(in, Description.class);
        } catch (JsonProcessingException | CharConversionException e) {
            throw new ConvoyException(
                    "Cannot read " + new Path(folder, DESCRIPTION) + ": " + Printable.firstLine(e), e);
        }
        if (description == null || FORMAT.equals(description.format) && !description.isComplete()) {
            throw new ConvoyException(
                    "Cannot read " + new Path(folder, DESCRIPTION)
                            + ": it lacks input, classes, normalization, network or a part of images; take it from the run again");
        }
        if (!FORMAT.equals(description.format)) {
            throw new ConvoyException("Cannot read " + new Path(folder, DESCRIPTION) + ": its format is "
                    + description.format + ", but this version reads " + FORMAT);
        }
        description.normalization.checkChannels(description.input.channels());
        Network network = description.network.bind(description.input);
        if (network.outputs() != description.classes.size()) {
            throw new ConvoyException("Cannot read " + new Path(folder, DESCRIPTION) + ": it names "
                    + description.classes.size() + " classes, but the network has " + network.outputs()
                    + " outputs; take it from the run again");
        }
        // Memory is given to what the file really holds.
        NamedTensors.Values values =
                NamedTensors.read(files, new Path(folder, WEIGHTS), WHERE).match(network, name -> name, Set.of());
        float[] parameters = new float[network.layout().parameterCount()];
        float[] buffers = new float[network.layout().bufferCount()];
        values.copyTo(parameters, buffers);
        // A model that another program has made does not say.
        Preparation preparation = Optional.ofNullable(description.images).orElse(Preparation.ANY);
        return new TrainedModel(
                network, description.classes, description.normalization, preparation, parameters, buffers);
    }
}
