package dev.convoy.cli;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.UserId;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.security.UserGroupInformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What Convoy finds around it when it starts, and what of it would harm later on. */
final class Surroundings {
    private static final Logger LOG = LoggerFactory.getLogger(Surroundings.class);
    private static final int MASTER_MILLIS = 5_000;

    private Surroundings() {}

    /** Called once, before Spark or Hadoop are touched. */
    static void prepare() {
        nameUser();
        String characters = System.getProperty("sun.jnu.encoding", "UTF-8");
        if (!Charset.forName(characters).contains(Charset.forName("UTF-8"))) {
            LOG.warn(
                    "Files whose names are not in {} cannot be seen by this process; set LC_ALL=C.UTF-8 in its environment",
                    characters);
        }
    }

    /** A container may run as a number that no user has; Hadoop then finds nobody to log in. */
    private static void nameUser() {
        String name = System.getProperty("user.name");
        if (name == null || name.isEmpty() || name.equals("?")) {
            String id = "uid-" + UserId.ofProcess().orElse("unknown");
            System.setProperty("user.name", id);
            UserGroupInformation.setLoginUser(UserGroupInformation.createRemoteUser(id));
        }
    }

    /**
     * Fails at once where Spark would try for a minute.
     *
     * @throws ConvoyException if no host of a standalone master takes connections
     */
    static void checkMaster(String master) {
        if (!master.startsWith("spark://")) {
            return;
        }
        List<String> addresses =
                Arrays.asList(master.substring("spark://".length()).split(","));
        if (addresses.stream().noneMatch(Surroundings::answers)) {
            throw new ConvoyException("Cannot reach the Spark master " + master
                    + ": nothing takes connections there; start" + " it, or set --master to where it is");
        }
    }

    private static boolean answers(String address) {
        int colon = address.lastIndexOf(':');
        if (colon < 0 || !address.substring(colon + 1).matches("[0-9]{1,5}")) {
            // Spark says what is wrong with it.
            return true;
        }
        try (Socket socket = new Socket()) {
            socket.connect(
                    new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
                    MASTER_MILLIS);
            return true;
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }
}
