package dev.convoy.data.natives;

import dev.convoy.storage.UserId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the folder that natives are unpacked into: one that this process's user owns, and nobody else may enter. */
final class PrivateFolder {
    private static final Set<PosixFilePermission> OWN = PosixFilePermissions.fromString("rwx------");
    private static final FileAttribute<?> PRIVATE = PosixFilePermissions.asFileAttribute(OWN);

    private PrivateFolder() {}

    /**
     * Makes the folder in the first place that can be used.
     *
     * @param name of the folder
     * @return its path without links
     * @throws IOException if no place can be used; the message says why of each
     */
    static Path choose(String name) throws IOException {
        List<String> refused = new ArrayList<>();
        for (String parent : parents()) {
            Path chosen = Path.of(parent).toAbsolutePath().resolve(name);
            try {
                if (chosen.startsWith(System.getProperty("java.io.tmpdir"))) {
                    // Anybody may have made it there, and could exchange what lies in it.
                    checkOwner(Files.createDirectories(chosen.getParent(), PRIVATE));
                }
                return privateFolder(chosen).toRealPath();
            } catch (IOException e) {
                refused.add(chosen + " (" + e + ")");
            }
        }
        throw new IOException("none of these can be used: " + String.join(", ", refused));
    }

    private static List<String> parents() {
        String told = Stream.of(
                        System.getProperty(Natives.FOLDER_PROPERTY),
                        System.getProperty(Natives.CACHE_PROPERTY),
                        System.getenv("CONVOY_NATIVES"))
                .filter(name -> name != null && !name.isEmpty())
                .findFirst()
                .orElse(null);
        // Who names a folder wants no other.
        return told != null
                ? List.of(told)
                : Stream.of(
                                System.getProperty("user.home") + "/.cache/convoy",
                                System.getProperty("java.io.tmpdir") + "/convoy-" + userId())
                        // Of a user without a home Java says "?".
                        .filter(parent -> Path.of(parent).isAbsolute())
                        .toList();
    }

    /** Makes a folder that nobody else may enter; one that is there must be so. */
    private static Path privateFolder(Path wanted) throws IOException {
        if (!Files.isDirectory(wanted)) {
            Files.createDirectories(wanted, PRIVATE);
        }
        checkOwner(wanted);
        Files.setPosixFilePermissions(wanted, OWN);
        if (!Files.isWritable(wanted)) {
            throw new IOException("it cannot be written");
        }
        return wanted;
    }

    /** A link may be turned to somebody else's later. */
    private static void checkOwner(Path folder) throws IOException {
        if (!Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(userId())) {
            throw new IOException(folder + " belongs to another user");
        }
        if (Files.isSymbolicLink(folder)) {
            throw new IOException(folder + " is a link");
        }
    }

    private static Object userId() {
        return UserId.ofProcess().orElse(System.getProperty("user.name"));
    }
}
