package dev.convoy.train.transport;

import dev.convoy.data.ConvoyException;
import org.apache.commons.lang3.exception.ExceptionUtils;

/** A block cannot be had any more, since the executor that kept it is gone; who made it can make it again. */
public final class BlockLostException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    BlockLostException(String block) {
        super("Lost " + block + ": no executor has it any more");
    }

    /** Whether a block's loss is behind a failure, be it in this process or in a task's words. */
    public static boolean isBehind(Throwable failure) {
        return ExceptionUtils.getStackTrace(failure).contains(BlockLostException.class.getName());
    }
}
