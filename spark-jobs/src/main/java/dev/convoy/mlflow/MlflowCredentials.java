package dev.convoy.mlflow;

import dev.convoy.data.Printable;
import dev.convoy.data.Redaction;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What MLflow is shown to be let in. Nothing that this class gives away is a secret, but for the header of a request. */
public final class MlflowCredentials {
    private static final Logger LOG = LoggerFactory.getLogger(MlflowCredentials.class);

    /** The variables that MLflow's own clients read. */
    public static final String TOKEN = "MLFLOW_TRACKING_TOKEN";

    /** See {@link #TOKEN}. */
    public static final String USERNAME = "MLFLOW_TRACKING_USERNAME";

    /** See {@link #TOKEN}. */
    public static final String PASSWORD = "MLFLOW_TRACKING_PASSWORD";

    private final String header;
    private final List<String> secrets;

    private MlflowCredentials(String header, List<String> secrets) {
        this.header = header;
        this.secrets = secrets.stream()
                .filter(secret -> !secret.isEmpty())
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
    }

    /** For a server that lets everybody in. */
    public static MlflowCredentials none() {
        return new MlflowCredentials("", List.of());
    }

    /** Those of this process's environment. */
    public static MlflowCredentials fromEnvironment() {
        return from(System.getenv());
    }

    /**
     * Those among variables, as MLflow's own clients take them: a name with a password goes before a token. What cannot be sent as a header is
     * left out with a warning.
     */
    public static MlflowCredentials from(Map<String, String> variables) {
        String token = variables.getOrDefault(TOKEN, "").strip();
        String user = variables.getOrDefault(USERNAME, "").strip();
        String password = variables.getOrDefault(PASSWORD, "").strip();
        if (!user.isEmpty() && !password.isEmpty()) {
            String both = Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
            return new MlflowCredentials("Basic " + both, List.of(password, both));
        }
        if (!user.isEmpty() || !password.isEmpty()) {
            LOG.warn("MLflow gets no name, since only one of {} and {} is set", USERNAME, PASSWORD);
        }
        if (token.chars().anyMatch(character -> character <= ' ' || character > '~')) {
            LOG.warn("MLflow gets no token, since {} has characters that no header may have", TOKEN);
            return none();
        }
        return token.isEmpty() ? none() : new MlflowCredentials("Bearer " + token, List.of(token));
    }

    /** The value of the header {@code Authorization}: a secret. */
    Optional<String> header() {
        return Optional.of(header).filter(value -> !value.isEmpty());
    }

    /** A text without these credentials. */
    String redact(String text) {
        String shown = text;
        for (String secret : secrets) {
            shown = shown.replace(secret, Redaction.REDACTED);
        }
        return shown;
    }

    /** A message of a server or a library as a line: redacted, printable and not too long. */
    String line(String message) {
        // Looking for secrets in a very long word takes long.
        String beginning = message == null ? "" : MlflowNames.cut(redact(message), 4_000);
        String shown = Printable.of(Redaction.of(beginning));
        return shown.length() <= 300 ? shown : MlflowNames.cut(shown, 300) + "...";
    }

    @Override
    public String toString() {
        return header.isEmpty() ? "no credentials" : Redaction.REDACTED;
    }
}
