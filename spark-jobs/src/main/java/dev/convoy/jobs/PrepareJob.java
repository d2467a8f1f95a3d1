package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Sha256;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.rdd.CopySelection;
import dev.convoy.data.rdd.ImageCensus.ContentHash;
import dev.convoy.data.rdd.ImageCensus.Entry;
import dev.convoy.data.rdd.ShardedCopy;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.storage.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Checks every image of a configuration's sources and writes the good ones as shards with a manifest, which training
 * reads much faster than many small files. Images are read twice: to check, and to copy.
 */
public final class PrepareJob {
    private static final String TRAIN = ExaminedSet.TRAIN;
    /** How many shards a folder has at most; file systems slow down beyond. */
    private static final int MAX_SHARDS = 5_000;

    private final JavaSparkContext spark;
    private final JobConfig job;
    private final Configuration hadoop;
    private final String target;

    /**
     * @param config of {@link ConfigReader#read}
     * @throws ConvoyException if the configuration is not sound
     */
    public PrepareJob(JavaSparkContext spark, Config config) {
        this.spark = spark;
        this.job = ConfigReader.toJobConfig(config).requireTrainingData();
        this.hadoop = spark.hadoopConfiguration();
        this.target = job.prepare().directory();
    }

    /**
     * Prepares the images.
     *
     * @return what was written, in the folder {@code prepare.directory}
     * @throws ConvoyException if that folder exists, or if an image is bad and may not be left out
     */
    public DatasetManifest run() throws IOException {
        try (NewFolder folder = NewFolder.claim(hadoop, target, "prepare.directory");
                TaskWatchdog watchdog = TaskWatchdog.watch(spark);
                OwnJobs jobs = new OwnJobs(spark)) {
            Optional<ImageDecoder> decoder = job.prepare().store() == JobConfig.Prepare.Store.DECODED
                    ? Optional.of(job.data()
                            .preparation()
                            .decoder(new ImageSets(spark, job).describeTrain().shape()))
                    : Optional.empty();
            DatasetManifest manifest = write(folder, examine(), decoder);
            // Compared with what is there now, as everybody will who reads it.
            DatasetManifest.read(hadoop, folder.work().toString());
            folder.publish();
            return manifest;
        }
    }

    private DatasetManifest write(NewFolder folder, Map<String, ExaminedSet> sets, Optional<ImageDecoder> decoder)
            throws IOException {
        List<ImageSets.Reject> rejects = rejects(sets);
        List<Copy> copies = copies(sets);
        Map<String, DatasetManifest.ImageSet> written = new LinkedHashMap<>();
        for (Map.Entry<String, ExaminedSet> set : sets.entrySet()) {
            written.put(set.getKey(), write(folder, set.getKey(), set.getValue(), decoder));
        }
        List<String> classNames = sets.get(TRAIN).from().listing().classNames();
        ImageSets.warnOfUntrained(
                classNames,
                classNames.stream().map(written.get(TRAIN).perClass()::get).toList());
        write(folder, "rejects.csv", Tables.csv(ImageSets.Reject.class, rejects));
        write(folder, "duplicates.csv", Tables.csv(Copy.class, copies));
        long leaked = copies.stream()
                .filter(copy -> !copy.set.equals(copy.originalSet))
                .count();
        DatasetManifest manifest = new DatasetManifest(
                DatasetManifest.FORMAT,
                classNames,
                written,
                copies.size() - leaked,
                leaked,
                rejects.size(),
                hash(written),
                decoder.map(made -> job.data().preparation()).orElse(null));
        write(folder, DatasetManifest.FILE, manifest.toJson());
        return manifest;
    }

    private static void write(NewFolder folder, String name, String text) throws IOException {
        AtomicFiles.replace(
                folder.files(), new Path(folder.work(), name), out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    private Map<String, ExaminedSet> examine() throws IOException {
        Map<String, ExaminedSet> sets = ExaminedSet.all(spark, job);
        for (Map.Entry<String, ExaminedSet> set : sets.entrySet()) {
            ExaminedSet.Source from = set.getValue().from();
            ImageSets.checkRejected(job.data(), from.listing(), from.rejected(), from.examined());
        }
        sets.forEach((name, chosen) -> {
            if (chosen.images().isEmpty()) {
                List<RejectedImage> rejected = chosen.from().rejected();
                throw new ConvoyException("Cannot prepare a set " + name + " without images; of "
                        + chosen.from().listing().examples() + " in "
                        + chosen.from().listing().description()
                        + " none are left for it"
                        + (rejected.isEmpty()
                                ? ""
                                : "; " + rejected.size() + " were rejected, the first, "
                                        + rejected.get(0).name() + ", because "
                                        + rejected.get(0).reason()));
            }
        });
        return sets;
    }

    private static List<ImageSets.Reject> rejects(Map<String, ExaminedSet> sets) {
        List<ImageSets.Reject> rejects = new ArrayList<>();
        sets.forEach((name, chosen) -> {
            // Under data.split both sets come from one source.
            if (name.equals(TRAIN) || chosen.from() != sets.get(TRAIN).from()) {
                rejects.addAll(ImageSets.rejects(name, chosen.from().rejected()));
            }
        });
        return rejects;
    }

    /**
     * A line of {@code duplicates.csv}: an image whose bytes another one has that comes before it; ids are the
     * source's.
     */
    private record Copy(String set, long id, int label, String originalSet, long originalId, int originalLabel) {}

    private static List<Copy> copies(Map<String, ExaminedSet> sets) {
        record Located(String set, Entry image) {}
        Map<ContentHash, Located> first = new HashMap<>();
        List<Copy> copies = new ArrayList<>();
        sets.forEach((name, chosen) -> chosen.images().forEach(image -> {
            Located original = first.putIfAbsent(image.content(), new Located(name, image));
            if (original != null) {
                copies.add(new Copy(
                        name, image.id(), image.label(), original.set, original.image.id(), original.image.label()));
            }
        }));
        return copies;
    }

    private DatasetManifest.ImageSet write(
            NewFolder folder, String name, ExaminedSet chosen, Optional<ImageDecoder> decoder) {
        CopySelection selection = new CopySelection(chosen.from().listing().count());
        Map<String, Long> perClass = new LinkedHashMap<>();
        Map<Integer, Long> sizes = new TreeMap<>();
        chosen.from().listing().classNames().forEach(label -> perClass.put(label, 0L));
        long bytes = 0;
        for (Entry image : chosen.images()) {
            selection.add(image.id(), image.info().shape());
            bytes += image.info().bytes();
            perClass.merge(chosen.from().listing().classNames().get(image.label()), 1L, Long::sum);
            int side =
                    Math.max(image.info().shape().height(), image.info().shape().width());
            sizes.merge(side == 1 ? 1 : Integer.highestOneBit(side - 1) * 2, 1L, Long::sum);
        }
        long wanted = 1 + (bytes - 1) / (job.prepare().shardMegabytes() * (1L << 20));
        int shards = (int) Math.min(Math.min(MAX_SHARDS, chosen.images().size()), wanted);
        ShardedCopy copy = new ShardedCopy(folder.work().toString(), name, job.seed(), shards, decoder);
        List<DatasetManifest.Shard> files =
                ImageSets.naming(() -> copy.write(spark, chosen.from().listing(), selection));
        return new DatasetManifest.ImageSet(chosen.images().size(), perClass, chosen.statistics(), sizes, files);
    }

    private static String hash(Map<String, DatasetManifest.ImageSet> sets) {
        MessageDigest digest = Sha256.digest();
        sets.values().stream()
                .flatMap(set -> set.shards().stream())
                .forEach(shard -> digest.update(shard.hash().getBytes(StandardCharsets.US_ASCII)));
        return HexFormat.of().formatHex(digest.digest());
    }
}
