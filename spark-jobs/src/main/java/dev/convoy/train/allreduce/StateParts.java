package dev.convoy.train.allreduce;

import dev.convoy.train.StateMessage;
import dev.convoy.train.allreduce.SegmentProgressPlugin.Part;
import dev.convoy.train.allreduce.SegmentProgressPlugin.Reached;
import dev.convoy.train.allreduce.SegmentProgressPlugin.Wish;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/** Puts a state together from its parts: of one rank, which waits with each part until the one before was taken. */
final class StateParts {
    /** Of a part, in bytes; each is in memory a few times while it is sent. */
    private static final int LENGTH = 1 << 20;

    private byte[][] arrays = {};

    /**
     * Sends a state to the driver, as it is if that is this process. Ends at once if the driver wants the segment to end, which brings a
     * newer one.
     *
     * @return what the driver wants now; empty if it does not answer
     */
    static Optional<Wish> send(Reached reached) {
        if (SegmentProgressPlugin.isHere(reached.segment())) {
            return SegmentProgressPlugin.ask(reached);
        }
        byte[][] message = StateMessage.write(reached.state());
        int[] lengths = Stream.of(message).mapToInt(array -> array.length).toArray();
        Optional<Wish> answer = Optional.of(Wish.NOTHING);
        for (int i = 0; i < message.length; i++) {
            for (int from = 0; from == 0 || from < lengths[i]; from += LENGTH) {
                byte[] bytes = Arrays.copyOfRange(message[i], from, Math.min(lengths[i], from + LENGTH));
                answer = SegmentProgressPlugin.ask(
                        new Part(reached.segment(), reached.rounds(), lengths, i, from, bytes));
                if (answer.isEmpty() || answer.get() == Wish.END) {
                    return answer;
                }
            }
        }
        return answer;
    }

    /**
     * Takes the next part.
     *
     * @return the state, if this was its last part
     */
    Optional<Reached> add(Part part) {
        if (part.array() == 0 && part.from() == 0) {
            arrays = Arrays.stream(part.arrays()).mapToObj(byte[]::new).toArray(byte[][]::new);
        }
        System.arraycopy(part.bytes(), 0, arrays[part.array()], part.from(), part.bytes().length);
        boolean last =
                part.array() == arrays.length - 1 && part.from() + part.bytes().length == arrays[part.array()].length;
        if (!last) {
            return Optional.empty();
        }
        Reached reached = new Reached(part.segment(), part.rounds(), StateMessage.read(arrays));
        arrays = new byte[][] {};
        return Optional.of(reached);
    }
}
