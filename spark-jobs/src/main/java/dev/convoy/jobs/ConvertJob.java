package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.dl4j.Dl4jZip;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.file.onnx.OnnxExport;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.ProtobufMessage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Turns models of Convoy's into others' formats, and Deeplearning4j's into Convoy's. */
public final class ConvertJob {
    private ConvertJob() {}

    /**
     * Writes a model as a zip that Deeplearning4j's ModelSerializer restores.
     *
     * @param source a run directory, or a model's folder
     * @param zip must not exist
     */
    public static void toDl4j(Configuration hadoop, String source, String zip) throws IOException {
        TrainedModel model = load(hadoop, source);
        FileSystem files = RunDirectory.files(hadoop, zip);
        Path target = free(files, zip);
        AtomicFiles.replace(files, target, out -> Dl4jZip.write(out, model));
    }

    /**
     * Writes a model as an ONNX file, which is compared with the model first.
     *
     * @param source a run directory, or a model's folder
     * @param file must not exist
     */
    public static void toOnnx(Configuration hadoop, String source, String file) throws IOException {
        TrainedModel model = load(hadoop, source);
        FileSystem files = RunDirectory.files(hadoop, file);
        Path target = free(files, file);
        try (Replica replica = ComputeBackend.named("torch").newReplica(model.network(), model.normalization())) {
            replica.parameters().set(model.parameters());
            replica.buffers().set(model.buffers());
            ProtobufMessage onnx = OnnxExport.of(model, replica::outputs);
            AtomicFiles.replace(files, target, onnx::writeTo);
        }
    }

    private static TrainedModel load(Configuration hadoop, String source) throws IOException {
        FileSystem files = new Path(source).getFileSystem(hadoop);
        return TrainedModel.load(files, RunDirectory.modelOf(files, source));
    }

    /** A path where nothing is yet. */
    private static Path free(FileSystem files, String file) throws IOException {
        Path path = new Path(file);
        if (files.exists(path)) {
            throw new ConvoyException("Cannot write " + path + ": it exists; remove it or name another");
        }
        return path;
    }

    /**
     * Writes a model of Deeplearning4j's as a model's folder.
     *
     * @param folder must not exist
     * @param input the shape of its images
     * @param classNames numbers from 0 if empty
     * @param normalization of its inputs
     */
    public static void fromDl4j(
            Configuration hadoop,
            String zip,
            String folder,
            ImageShape input,
            List<String> classNames,
            Normalization normalization)
            throws IOException {
        normalization.checkChannels(input.channels());
        Path source = new Path(zip);
        Dl4jZip.Contents contents = readZip(source.getFileSystem(hadoop), source, input);
        int outputs = contents.network().outputs();
        List<String> names = classNames.isEmpty()
                ? IntStream.range(0, outputs).mapToObj(String::valueOf).toList()
                : classNames;
        if (names.size() != outputs) {
            throw new ConvoyException("Cannot name the " + outputs + " classes of " + zip + " " + names + "; give "
                    + outputs + " names with --classes, or none");
        }
        try (NewFolder made = NewFolder.claim(hadoop, folder, "TARGET")) {
            new TrainedModel(
                            contents.network(),
                            names,
                            normalization,
                            Preparation.ANY,
                            contents.parameters(),
                            contents.buffers())
                    .save(made.files(), made.work());
            made.publish();
        }
    }

    /**
     * Whether a file is a zip, as its first bytes say, whatever its name.
     *
     * @throws ConvoyException if it is not there
     */
    public static boolean isZip(Configuration hadoop, String source) throws IOException {
        Path path = new Path(source);
        FileSystem files = path.getFileSystem(hadoop);
        try {
            if (files.getFileStatus(path).isDirectory()) {
                return false;
            }
            try (InputStream in = files.open(path)) {
                return in.read() == 'P' && in.read() == 'K';
            }
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find " + source + "; check the path", e);
        }
    }

    static Dl4jZip.Contents readZip(FileSystem files, Path zip, ImageShape input) throws IOException {
        try (InputStream in = files.open(zip)) {
            return Dl4jZip.read(in, zip.toString(), input);
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find " + zip + "; check the path", e);
        }
    }
}
