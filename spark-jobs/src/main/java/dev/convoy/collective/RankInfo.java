package dev.convoy.collective;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.Loader;

/**
 * What a rank tells the others before they can meet.
 *
 * @param file that its group maps; null in words if another rank makes it
 * @param address its own, for messages
 * @param version of the library that sums
 */
record RankInfo(String file, String address, String version) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** With this process's version. */
    static RankInfo of(Path file, String address) {
        return new RankInfo(String.valueOf(file), address, loaded());
    }

    private static String loaded() {
        try {
            return "libtorch " + Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            return "libtorch of unknown version";
        }
    }

    /**
     * Tells it, and hears those of all ranks.
     *
     * @param channel brings every rank's message to every rank, by rank
     * @throws ConvoyException if one has another version of the library
     */
    List<RankInfo> allGather(int rank, Function<String, List<String>> channel) {
        try {
            List<RankInfo> all = new ArrayList<>();
            for (String message : channel.apply(JSON.writeValueAsString(this))) {
                all.add(JSON.readValue(message, RankInfo.class));
            }
            for (int other = 0; other < all.size(); other++) {
                if (!all.get(other).version.equals(version)) {
                    throw new ConvoyException("Cannot exchange vectors between different versions: rank " + other
                            + " on " + all.get(other).address + " has " + all.get(other).version + ", rank " + rank
                            + " on " + address + " has " + version + "; give all executors the same convoy.jar");
                }
            }
            return all;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
