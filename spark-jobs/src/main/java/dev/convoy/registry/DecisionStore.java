package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.AtomicFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The decisions of one model: {@code decisions/KEY.json}, one for a run key, whoever comes to one first. What they hold is JSON of the jobs. */
final class DecisionStore {
    private static final String JSON = ".json";

    private final FileSystem files;
    private final Path folder;

    DecisionStore(FileSystem files, Path folder) {
        this.files = files;
        this.folder = folder;
    }

    private Path file(String runKey) {
        return new Path(folder, Names.check("run key", runKey) + JSON);
    }

    /** Records a decision, unless there is one; answers the one that stands. */
    byte[] decide(Fence fence, String runKey, byte[] record) throws IOException {
        fence.checkHeld();
        Path file = file(runKey);
        return AtomicFiles.publishNew(files, file, record) ? record.clone() : RegistryJson.read(files, file);
    }

    Optional<byte[]> find(String runKey) throws IOException {
        try {
            return Optional.of(RegistryJson.read(files, file(runKey)));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    List<String> keys() throws IOException {
        return NumberedFiles.list(files, folder).stream()
                .map(status -> status.getPath().getName())
                .filter(name -> name.endsWith(JSON) && !name.startsWith("."))
                .map(name -> name.substring(0, name.length() - JSON.length()))
                .sorted()
                .toList();
    }

    List<Fault> verify() throws IOException {
        List<Fault> faults = new ArrayList<>();
        for (String key : keys()) {
            String where = "decisions/" + key + JSON;
            try {
                byte[] content = find(key).orElse(new byte[0]);
                if (RegistryJson.tree(content, file(key)).isMissingNode()) {
                    faults.add(new Fault(where, "it is empty"));
                }
            } catch (ConvoyException e) {
                faults.add(new Fault(where, e.getMessage()));
            }
        }
        return faults;
    }
}
