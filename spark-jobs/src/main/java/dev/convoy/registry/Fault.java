package dev.convoy.registry;

/**
 * Something that is not as it was written.
 *
 * @param where the file or folder, below the model's
 * @param what is wrong with it, as a clause
 */
public record Fault(String where, String what) {
    @Override
    public String toString() {
        return where + ": " + what;
    }
}
