package dev.convoy.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Normalization;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.data.decode.Preparation;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.rdd.ImageShards.Cache;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import dev.convoy.data.source.CifarSource;
import dev.convoy.data.source.FolderSource;
import dev.convoy.data.source.IdxSource;
import dev.convoy.data.source.ImageSource;
import dev.convoy.data.source.ListSource;
import dev.convoy.data.source.ParquetSource;
import dev.convoy.data.source.PreparedSource;
import dev.convoy.model.Json;
import dev.convoy.train.BatchLoading;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** {@code data.*}. */
public record DataConfig(
        Source train,
        Source test,
        Split split,
        List<Integer> resize,
        Fit fit,
        String channels,
        Normalization normalization,
        Augmentation augment,
        ClassWeighting classWeights,
        Cache cache,
        Shuffle.Kind shuffle,
        int shuffleWindow,
        Order order,
        String loaderThreads,
        int batchSize,
        Integer globalBatchSize,
        OnBadImage onBadImage,
        double maxBadFraction) {
    /** How an image is brought to the size of {@link #resize}. */
    public enum Fit {
        STRETCH,
        CROP,
        LETTERBOX;

        /** What becomes of an image of another size. */
        public Sizes sizes() {
            return Sizes.valueOf(name());
        }
    }

    /** What the examples of a global batch depend on. */
    public enum Order {
        @JsonProperty("per-worker")
        PER_WORKER,
        @JsonProperty("canonical")
        CANONICAL
    }

    public DataConfig {
        classWeights = classWeights == null ? ClassWeighting.NONE : classWeights;
        Stream.of(train, test).filter(Objects::nonNull).forEach(Source::requireFit);
        if (resize != null && (resize.size() != 2 || resize.stream().anyMatch(side -> side < 1))) {
            throw new InvalidValueException("resize", resize, "give [height, width] in pixels, both at least 1");
        }
        if (!List.of("auto", "1", "3").contains(channels)) {
            throw new InvalidValueException("channels", channels, "allowed are auto, 1 and 3");
        }
        if (split != null && test != null) {
            throw new ConvoyException("Cannot use data.split beside data.test; leave one of them out");
        }
        if (!(maxBadFraction >= 0 && maxBadFraction <= 1)) {
            throw new InvalidValueException("maxBadFraction", maxBadFraction, "allowed are 0 to 1");
        }
        if (augment.cutsOriginals() && cache != Cache.ENCODED) {
            throw new ConvoyException("Cannot use resized-crop with from = original in data.augment with data.cache = "
                    + Json.key(cache)
                    + ", which keeps images resized; set data.cache = encoded, or take from = original away");
        }
        if (batchSize < 1) {
            throw new InvalidValueException("batchSize", batchSize, "it must be at least 1");
        }
        if (globalBatchSize != null && globalBatchSize < 1) {
            throw new InvalidValueException("globalBatchSize", globalBatchSize, "it must be at least 1");
        }
        if ((order == Order.CANONICAL) != (globalBatchSize != null)) {
            throw new ConvoyException(
                    order == Order.CANONICAL
                            ? "Cannot use data.order = canonical without data.global-batch-size; set it to the number of"
                                    + " examples that all workers train in a step together"
                            : "Cannot use data.global-batch-size = " + globalBatchSize
                                    + " with data.order = per-worker,"
                                    + " where every worker takes data.batch-size examples; set data.order = canonical,"
                                    + " or leave it out");
        }
        if (!loaderThreads.equals("auto") && !loaderThreads.matches("[0-9]{1,6}")) {
            throw new InvalidValueException(
                    "loaderThreads", loaderThreads, "allowed are auto and 0 to " + BatchLoading.MAX_THREADS);
        }
    }

    /** How batches are made. */
    public BatchLoading loading(ClassWeights weights) {
        int threads = loaderThreads.equals("auto") ? BatchLoading.AUTO : Integer.parseInt(loaderThreads);
        return ConfigErrors.under(
                "data",
                () -> new BatchLoading(
                        new Shuffle(shuffle, shuffleWindow, Shuffle.Order.valueOf(order.name())),
                        augment,
                        weights,
                        threads));
    }

    /**
     * The number of examples that each of so many workers trains in a step.
     *
     * @throws ConvoyException if a global batch cannot be divided by them
     */
    public int batchSizeOf(int workers) {
        if (order == Order.PER_WORKER) {
            return batchSize;
        }
        if (globalBatchSize % workers != 0) {
            String allowed = IntStream.rangeClosed(1, globalBatchSize)
                    .filter(number -> globalBatchSize % number == 0)
                    .mapToObj(String::valueOf)
                    .collect(Collectors.joining(", "));
            throw new ConvoyException("Cannot divide data.global-batch-size = " + globalBatchSize + " by " + workers
                    + " workers, as data.order = canonical needs; set train.workers to one of " + allowed
                    + ", or data.global-batch-size to a multiple of " + workers);
        }
        return globalBatchSize / workers;
    }

    /** What becomes of an image of another size or colour. */
    public Preparation preparation() {
        Sizes sizes = resize == null ? Sizes.REFUSE : fit.sizes();
        return new Preparation(sizes, channels.equals("1") ? Colours.TO_GREY : Colours.REFUSE);
    }

    /**
     * {@code data.split}: the part of the training images that is tested with instead, by their content.
     *
     * @param test share of the test set, between 0 and 1
     */
    public record Split(double test) {
        public Split {
            if (!(test > 0 && test < 1)) {
                throw new InvalidValueException("test", test, "it must be between 0 and 1");
            }
        }
    }

    /** {@code data.train} or {@code data.test}. */
    public record Source(
            Format format,
            String images,
            String labels,
            String path,
            String split,
            String imageColumn,
            String labelColumn,
            Boolean anywhere,
            Boolean transposed,
            Long limit) {
        /** How the images are stored. */
        public enum Format {
            @JsonProperty("idx")
            IDX,
            @JsonProperty("cifar")
            CIFAR,
            @JsonProperty("folder")
            FOLDER,
            @JsonProperty("list")
            LIST,
            @JsonProperty("parquet")
            PARQUET,
            @JsonProperty("prepared")
            PREPARED;

            private boolean mayHaveColumns() {
                return this == LIST || this == PARQUET;
            }

            private boolean mayHaveSplit() {
                return this == LIST || this == PREPARED;
            }
        }

        public Source {
            if (limit != null && limit < 1) {
                throw new InvalidValueException("limit", limit, "it must be at least 1");
            }
        }

        /** Only once it is known that no key is misspelt, which would be missing here. */
        private void requireFit() {
            if (format == null) {
                throw new ConvoyException(
                        "Cannot read images without format; set it to idx, cifar, folder, list, parquet or prepared");
            }
            boolean idx = format == Format.IDX;
            boolean fits = idx == (images != null) && idx == (labels != null) && idx == (path == null);
            boolean columns = imageColumn != null || labelColumn != null;
            fits &= split == null || format.mayHaveSplit();
            fits &= !columns || format.mayHaveColumns();
            fits &= anywhere == null || format == Format.LIST;
            fits &= transposed == null || idx;
            if (!fits) {
                throw new ConvoyException("Cannot read images with format = "
                        + Json.key(format) + ", images = " + images + ", labels = " + labels
                        + ", path = " + path + ", split = " + split
                        + "; idx needs images and labels and may have transposed, the others need path, list and prepared"
                        + " may have split, list and parquet image-column and label-column, list anywhere, and none takes"
                        + " what is another's (set it to null)");
            }
        }

        /** The source itself. */
        public ImageSource source() {
            return switch (format) {
                case IDX -> new IdxSource(images, labels, Boolean.TRUE.equals(transposed));
                case CIFAR -> new CifarSource(path);
                case FOLDER -> new FolderSource(path);
                case LIST -> new ListSource(
                        path,
                        split,
                        orElse(imageColumn, ListSource.PATH),
                        orElse(labelColumn, ListSource.LABEL),
                        Boolean.TRUE.equals(anywhere));
                case PARQUET -> new ParquetSource(
                        path, orElse(imageColumn, PreparedSource.IMAGE), orElse(labelColumn, PreparedSource.LABEL));
                case PREPARED -> new PreparedSource(path, orElse(split, "train"));
            };
        }

        private static String orElse(String value, String fallback) {
            return value == null ? fallback : value;
        }
    }
}
