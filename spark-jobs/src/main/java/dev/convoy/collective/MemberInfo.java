package dev.convoy.collective;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.Loader;

/**
 * What every member tells all members before they share memory.
 *
 * @param file the path of the shared file that the member has kept; empty if it has kept none
 * @param address the member's own, for messages
 * @param holds whether the member wants to hold vectors together with its group
 * @param version the name and version of the library that sums in the member's process
 */
record MemberInfo(String file, String address, boolean holds, String version) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What a member in this process tells; the other components are the record's. */
    static MemberInfo of(String file, String address, boolean holds) {
        return new MemberInfo(file, address, holds, libraryVersion());
    }

    private static String libraryVersion() {
        try {
            return "libtorch " + Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            return "libtorch of unknown version";
        }
    }

    /**
     * Sends this to all members, and returns what they sent, by member.
     *
     * @param channel brings every member's message to every member, by member
     * @throws ConvoyException if another member has another version of the library
     */
    List<MemberInfo> allGather(Function<String, List<String>> channel) {
        try {
            List<MemberInfo> infos = new ArrayList<>();
            for (String message : channel.apply(JSON.writeValueAsString(this))) {
                infos.add(JSON.readValue(message, MemberInfo.class));
            }
            infos.forEach(this::checkVersion);
            return infos;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void checkVersion(MemberInfo other) {
        if (!other.version.equals(version)) {
            throw new ConvoyException("Cannot exchange vectors between different versions: a task on " + other.address
                    + " has " + other.version + ", one on " + address + " has " + version
                    + "; give all executors the same convoy.jar");
        }
    }
}
