package dev.convoy.drift;

import dev.convoy.data.InvalidValueException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A set of images in a few numbers, which are kept with the model that was trained on them.
 *
 * @param classes images by the name of their class
 * @param channels of the decoded images; none if there are no images
 * @param sizes images by size, written as {@code 640x480}: the {@link SizeCounts#SHOWN} most frequent, and {@code other}
 * @param formats images by format of their files
 * @param rejected files that are no usable images, and so are counted nowhere else
 * @param copies images whose bytes are those of another one before them
 */
public record ImageSetProfile(
        SortedMap<String, Long> classes,
        List<Channel> channels,
        SortedMap<String, Long> sizes,
        SortedMap<String, Long> formats,
        long rejected,
        long copies) {
    public ImageSetProfile {
        classes = counts("classes", classes);
        channels = List.copyOf(channels);
        sizes = counts("sizes", sizes);
        formats = counts("formats", formats);
        if (rejected < 0) {
            throw new InvalidValueException("rejected", rejected, "it must be at least 0");
        }
        long images = sum(classes);
        if (copies < 0 || copies > images) {
            throw new InvalidValueException("copies", copies, "it must be from 0 to the number of images, " + images);
        }
    }

    /**
     * A channel.
     *
     * @param brightness the spread, over images, of the mean of an image
     * @param contrast the spread, over images, of the standard deviation of an image
     */
    public record Channel(Moments brightness, Moments contrast) {}

    /** The number of usable images. */
    public long images() {
        return sum(classes);
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static SortedMap<String, Long> counts(String property, Map<String, Long> counts) {
        counts.forEach((name, count) -> {
            if (count < 0) {
                throw new InvalidValueException(property, count, "a count is at least 0");
            }
        });
        return Collections.unmodifiableSortedMap(new TreeMap<>(counts));
    }

    /**
     * Counts images one by one, in parts that may be added in any order: the profile is the same to the bit. One thread at a time may use it.
     */
    public static final class Builder implements Serializable {
        private static final long serialVersionUID = 1L;

        private final HashMap<String, Long> classes = new HashMap<>();
        private final HashMap<String, Long> formats = new HashMap<>();
        private final SizeCounts sizes = new SizeCounts();
        private final ArrayList<ChannelSums> brightness = new ArrayList<>();
        private final ArrayList<ChannelSums> contrast = new ArrayList<>();
        private long rejected;
        private long copies;

        /**
         * Adds an image.
         *
         * @throws InvalidValueException if it has not as many channels as those before
         */
        public void add(ImageFacts image) {
            checkChannels(image.brightness().length);
            classes.merge(image.className(), 1L, Math::addExact);
            formats.merge(image.format(), 1L, Math::addExact);
            sizes.add(image.width(), image.height());
            for (int i = 0; i < brightness.size(); i++) {
                brightness.get(i).add(image.brightness()[i]);
                contrast.get(i).add(image.contrast()[i]);
            }
        }

        /**
         * Adds what another builder has counted, and leaves that one as it is.
         *
         * @throws InvalidValueException if its images have not as many channels
         */
        public void add(Builder other) {
            if (!other.brightness.isEmpty()) {
                checkChannels(other.brightness.size());
            }
            other.classes.forEach((name, count) -> classes.merge(name, count, Math::addExact));
            other.formats.forEach((name, count) -> formats.merge(name, count, Math::addExact));
            sizes.add(other.sizes);
            for (int i = 0; i < other.brightness.size(); i++) {
                brightness.get(i).add(other.brightness.get(i));
                contrast.get(i).add(other.contrast.get(i));
            }
            rejected = Math.addExact(rejected, other.rejected);
            copies = Math.addExact(copies, other.copies);
        }

        /** Counts files that are no usable images. */
        public void addRejected(long files) {
            rejected = Math.addExact(rejected, files);
        }

        /** Counts images, which have been or will be added themselves, whose bytes another one has. */
        public void addCopies(long images) {
            copies = Math.addExact(copies, images);
        }

        private void checkChannels(int channels) {
            while (brightness.size() < channels && classes.isEmpty()) {
                brightness.add(new ChannelSums());
                contrast.add(new ChannelSums());
            }
            if (brightness.size() != channels) {
                throw new InvalidValueException("channels", channels, "the images before have " + brightness.size());
            }
        }

        /** What has been added until now. */
        public ImageSetProfile build() {
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < brightness.size(); i++) {
                channels.add(
                        new Channel(brightness.get(i).moments(), contrast.get(i).moments()));
            }
            return new ImageSetProfile(
                    new TreeMap<>(classes), channels, sizes.mostFrequent(), new TreeMap<>(formats), rejected, copies);
        }
    }
}
