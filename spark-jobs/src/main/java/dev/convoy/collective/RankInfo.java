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
 * What every rank tells all ranks before they share memory.
 *
 * @param file the path of the file that the rank has made for its group; empty if it has made none
 * @param address the rank's own, for messages
 * @param version the name and version of the library that sums in the rank's process
 */
record RankInfo(String file, String address, String version) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What a rank of this process tells that has made no file. */
    static RankInfo of(String address) {
        return new RankInfo("", address, libraryVersion());
    }

    /** What a rank tells that has made a file. */
    RankInfo withFile(Path path) {
        return new RankInfo(path.toString(), address, version);
    }

    private static String libraryVersion() {
        try {
            return "libtorch " + Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            return "libtorch of unknown version";
        }
    }

    /**
     * Sends this to all ranks, and returns what they sent, by rank.
     *
     * @param rank this rank's own
     * @param channel brings every rank's message to every rank, by rank
     * @throws ConvoyException if another rank has another version of the library
     */
    List<RankInfo> allGather(int rank, Function<String, List<String>> channel) {
        try {
            List<RankInfo> infos = new ArrayList<>();
            for (String message : channel.apply(JSON.writeValueAsString(this))) {
                infos.add(JSON.readValue(message, RankInfo.class));
            }
            for (int other = 0; other < infos.size(); other++) {
                checkVersion(rank, other, infos.get(other));
            }
            return infos;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void checkVersion(int rank, int other, RankInfo info) {
        if (!info.version.equals(version)) {
            throw new ConvoyException("Cannot exchange vectors between different versions: rank " + other + " on "
                    + info.address + " has " + info.version + ", rank " + rank + " on " + address + " has " + version
                    + "; give all executors the same convoy.jar");
        }
    }
}
