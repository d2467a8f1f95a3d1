package dev.convoy.retrain;

import com.fasterxml.jackson.databind.SerializationFeature;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.Sha256;
import dev.convoy.data.rdd.ImageCensus.ContentHash;
import dev.convoy.model.Json;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * All images of a night: what they are by content, of which class, and on which side. The order in which they were found does not
 * matter.
 *
 * <p>Its file is gzipped text: a line of JSON with the format and the names of the classes, then a line for each image.
 *
 * <pre>
 * {"format":"convoy-images-1","classes":["cat","dog"]}
 * 0ab3f5e2c1d4967882b19fe3a0c6d5e4 1 trained
 * </pre>
 *
 * @param classNames in the order of the class indexes
 * @param images usable ones, in increasing order
 */
public record Manifest(List<String> classNames, List<Image> images) {
    private static final String FORMAT = "convoy-images-1";
    private static final String TRAINED = "trained";
    private static final String HELD_OUT = "held-out";
    private static final Pattern LINE =
            Pattern.compile("([0-9a-f]{32}) ([0-9]{1,9}) (" + TRAINED + "|" + HELD_OUT + ")");

    /**
     * An image.
     *
     * @param content hash of its bytes
     * @param label class index
     * @param isHeldOut whether models are compared on it, and none is trained
     */
    public record Image(ContentHash content, int label, boolean isHeldOut) {
        private static final Comparator<Image> ORDER =
                Comparator.comparing(Image::content).thenComparing(Image::label).thenComparing(Image::isHeldOut);
    }

    private record Header(String format, List<String> classes) {}

    public Manifest {
        classNames = List.copyOf(classNames);
        images = images.stream().sorted(Image.ORDER).toList();
        for (Image image : images) {
            if (image.label < 0 || image.label >= classNames.size()) {
                throw new IllegalArgumentException("There is no class " + image.label + " of " + classNames.size());
            }
        }
    }

    /**
     * How the images of a night differ from those of an earlier one.
     *
     * @param added images that were not there, or were of another class
     * @param removed images that were there, and are not
     * @param relabelled of those added, images that were there with another class
     * @param toTraining images that were held out then, and are trained on now
     * @param toHeldOut images that were trained on then, and are held out now
     */
    public record Change(long added, long removed, long relabelled, long toTraining, long toHeldOut) {
        /** Whether an image has gone from one side to the other. */
        public boolean hasSwitchedSides() {
            return toTraining + toHeldOut > 0;
        }
    }

    /** Compares with an earlier one. */
    public Change since(Manifest earlier) {
        Map<ContentHash, Set<String>> before = earlier.classesByContent();
        Map<ContentHash, Set<String>> now = classesByContent();
        Set<ContentHash> trained = earlier.contents(false);
        Set<ContentHash> heldOut = earlier.contents(true);
        long added = 0;
        long relabelled = 0;
        for (Map.Entry<ContentHash, Set<String>> image : now.entrySet()) {
            Set<String> known = before.get(image.getKey());
            if (!image.getValue().equals(known)) {
                added++;
                relabelled += known == null ? 0 : 1;
            }
        }
        long removed = before.keySet().stream()
                .filter(content -> !now.containsKey(content))
                .count();
        // What lies on both sides tonight is a leak, and told as one.
        Set<ContentHash> nowTrained = contents(false);
        Set<ContentHash> nowHeldOut = contents(true);
        return new Change(
                added,
                removed,
                relabelled,
                heldOut.stream()
                        .filter(content -> nowTrained.contains(content) && !trained.contains(content))
                        .count(),
                trained.stream()
                        .filter(content -> nowHeldOut.contains(content) && !heldOut.contains(content))
                        .count());
    }

    private Map<ContentHash, Set<String>> classesByContent() {
        Map<ContentHash, Set<String>> classes = new HashMap<>();
        for (Image image : images) {
            classes.computeIfAbsent(image.content, key -> new HashSet<>(1)).add(classNames.get(image.label));
        }
        return classes;
    }

    /** The contents of one side. */
    public Set<ContentHash> contents(boolean heldOut) {
        Set<ContentHash> contents = new HashSet<>();
        for (Image image : images) {
            if (image.isHeldOut == heldOut) {
                contents.add(image.content);
            }
        }
        return contents;
    }

    /** The number of contents that are on both sides. */
    public long leaked() {
        Set<ContentHash> both = contents(false);
        both.retainAll(contents(true));
        return both.size();
    }

    /** The number of images whose bytes another one of the same side has that is counted already. */
    public long copies() {
        return (long) images.size() - contents(false).size() - contents(true).size();
    }

    /** The number of images of one side by class name, in the order of the class indexes; of all classes. */
    public Map<String, Long> perClass(boolean heldOut) {
        Map<String, Long> counts = new LinkedHashMap<>();
        classNames.forEach(name -> counts.put(name, 0L));
        for (Image image : images) {
            if (image.isHeldOut == heldOut) {
                counts.merge(classNames.get(image.label), 1L, Long::sum);
            }
        }
        return counts;
    }

    /** The SHA-256 of the text, in hexadecimal digits. */
    public String hash() {
        MessageDigest digest = Sha256.digest();
        try (Writer out = text(new DigestOutputStream(OutputStream.nullOutputStream(), digest))) {
            write(out);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Writes the file. */
    public byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (Writer out = text(new GZIPOutputStream(bytes))) {
            write(out);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toByteArray();
    }

    private static Writer text(OutputStream out) {
        return new OutputStreamWriter(out, StandardCharsets.UTF_8);
    }

    private void write(Writer out) throws IOException {
        out.write(Json.MAPPER
                .writer()
                .without(SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(new Header(FORMAT, classNames)));
        out.write('\n');
        for (Image image : images) {
            out.write(image.content + " " + image.label + " " + (image.isHeldOut ? HELD_OUT : TRAINED) + "\n");
        }
    }

    /**
     * Reads a file, and closes it.
     *
     * @param name how messages call it
     * @throws ConvoyException if it is not one of this version
     */
    public static Manifest read(InputStream file, String name) {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(new GZIPInputStream(file), StandardCharsets.UTF_8))) {
            Header header = Json.MAPPER.readValue(String.valueOf(in.readLine()), Header.class);
            if (header == null || !FORMAT.equals(header.format) || header.classes == null) {
                throw bad(name, "its first line does not say " + FORMAT, null);
            }
            List<Image> images = new ArrayList<>();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                images.add(image(line, name));
            }
            return new Manifest(header.classes, images);
        } catch (IOException | IllegalArgumentException e) {
            throw bad(name, Printable.firstLine(e), e);
        }
    }

    private static Image image(String line, String name) {
        Matcher parts = LINE.matcher(line);
        if (!parts.matches()) {
            throw bad(name, "a line is " + Printable.of(line), null);
        }
        return new Image(
                ContentHash.parse(parts.group(1)),
                Integer.parseInt(parts.group(2)),
                parts.group(3).equals(HELD_OUT));
    }

    private static ConvoyException bad(String name, String reason, Exception cause) {
        return new ConvoyException(
                "Cannot read the list of images " + name + ": " + reason + "; take the version that wrote it", cause);
    }
}
