package dev.convoy.mlflow;

import java.io.IOException;

/** An answer of MLflow's that is not the one that was asked for. Its message holds no secret. */
final class MlflowException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;

    /**
     * @param status of HTTP, or 400 for what cannot be sent at all
     * @param code MLflow's own word for the error; empty if it gave none
     */
    MlflowException(String message, int status, String code) {
        super(message);
        this.status = status;
        this.code = code;
    }

    boolean exists() {
        return code.equals("RESOURCE_ALREADY_EXISTS");
    }

    /** Whether MLflow itself says that there is no such thing, and not some other server in its place. */
    boolean isMissing() {
        return code.equals("RESOURCE_DOES_NOT_EXIST");
    }

    /** Whether the server will never take this request, though it may take others. */
    boolean isRefusal() {
        return status == 400 || status == 413 || status == 422;
    }
}
