package dev.convoy.mlflow;

import dev.convoy.data.InvalidValueException;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Where MLflow is, and how long it is waited for.
 *
 * @param uri of the server, {@code http} or {@code https}, with the path that its interface lies below, if there is one; without credentials
 * @param model the name of the model there, and of the experiment that its runs are in
 * @param credentials that every request carries
 * @param total the time that a call may take in all
 * @param connect the time that a connection may take
 */
public record MlflowTarget(URI uri, String model, MlflowCredentials credentials, Duration total, Duration connect) {
    private static final Duration TOTAL = Duration.ofSeconds(30);
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Pattern MODEL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._ -]{0,199}");

    public MlflowTarget {
        Objects.requireNonNull(credentials);
        String scheme = String.valueOf(uri.getScheme());
        if (!scheme.equalsIgnoreCase("http") && !scheme.equalsIgnoreCase("https") || uri.getHost() == null) {
            throw new InvalidValueException("uri", shown(uri), "it must be http://HOST or https://HOST");
        }
        if (uri.getUserInfo() != null) {
            throw new InvalidValueException(
                    "uri",
                    shown(uri),
                    "it must have no credentials; set " + MlflowCredentials.USERNAME + " and "
                            + MlflowCredentials.PASSWORD + ", or " + MlflowCredentials.TOKEN);
        }
        if (uri.getQuery() != null || uri.getFragment() != null) {
            throw new InvalidValueException("uri", shown(uri), "it must end with its path");
        }
        if (!MODEL.matcher(model).matches()) {
            throw new InvalidValueException(
                    "model", model, "it must be letters, digits, dots, dashes, underscores and spaces, at most 200");
        }
        requireTime("total", total);
        requireTime("connect", connect);
    }

    /** A server that is waited for as long as is usual: 5 seconds for a connection, 30 in all. */
    public MlflowTarget(URI uri, String model, MlflowCredentials credentials) {
        this(uri, model, credentials, TOTAL, CONNECT);
    }

    /** The same, waited for as long as this. */
    public MlflowTarget withTimes(Duration newTotal, Duration newConnect) {
        return new MlflowTarget(uri, model, credentials, newTotal, newConnect);
    }

    private static void requireTime(String property, Duration time) {
        if (time.toMillis() < 1 || time.compareTo(Duration.ofHours(1)) > 0) {
            throw new InvalidValueException(property, time, "it must be between a millisecond and an hour");
        }
    }

    /** A URI without what may be secret in it. */
    private static String shown(URI uri) {
        return uri.getHost() == null ? "(no host)" : uri.getScheme() + "://" + uri.getHost();
    }
}
