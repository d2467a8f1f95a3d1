package dev.convoy.testing;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Files that were valid until somebody changed a few places: flipped bits, cut off, put in, taken out, exchanged
 * tokens, and numbers, in bytes or in digits, made huge or negative. The mutant of an index is always the same.
 */
public final class Mutants {
    private static final int MAX_CHANGES = 4;
    private static final int MAX_PIECE = 64;
    /** Runs of letters and digits, or single other bytes. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_.+-]+|[^\\s]", Pattern.DOTALL);

    private static final Pattern NUMBER = Pattern.compile("-?[0-9]+(\\.[0-9]+)?");

    private static final List<String> WORDS = List.of(
            "-1",
            "0",
            "2147483647",
            "2147483648",
            "-2147483648",
            "4294967295",
            "9223372036854775807",
            "99999999999999999999",
            "1e999",
            "-1e308",
            "NaN",
            "null",
            "true",
            "\"\"",
            "[]",
            "{}",
            "[",
            "}",
            "\"",
            "${x}",
            "\\u0000",
            "\u202e",
            "0.1",
            "\n");

    private static final long[] NUMBERS = {
        -1,
        0,
        1,
        0x7F,
        0x80,
        0xFF,
        0x7FFF,
        0xFFFF,
        0x10000,
        1 << 24,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        1L << 32,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    private final byte[] valid;
    private final long seed;

    /**
     * @param valid the file; not changed
     * @param seed decides, with an index, what becomes of it
     */
    public Mutants(byte[] valid, long seed) {
        this.valid = valid.clone();
        this.seed = seed;
    }

    /** The mutant of an index. */
    public byte[] get(int index) {
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index);
        byte[] file = valid;
        for (int left = random.nextInt(1, MAX_CHANGES + 1); left > 0; left--) {
            file = changed(file, random);
        }
        return file;
    }

    private static byte[] changed(byte[] file, SplittableRandom random) {
        if (file.length == 0) {
            return piece(file, random);
        }
        return switch (random.nextInt(8)) {
            case 0 -> flipped(file, random);
            case 1 -> Arrays.copyOf(file, random.nextInt(file.length));
            case 2 -> spliced(file, random.nextInt(file.length + 1), 0, piece(file, random));
            case 3 -> spliced(file, random.nextInt(file.length), random.nextInt(MAX_PIECE), new byte[0]);
            case 4 -> withTokensSwapped(file, random);
            case 5 -> replaced(file, NUMBER, random, WORDS.get(random.nextInt(WORDS.size())));
            case 6 -> replaced(file, TOKEN, random, WORDS.get(random.nextInt(WORDS.size())));
            default -> withNumber(file, random);
        };
    }

    private static byte[] flipped(byte[] file, SplittableRandom random) {
        byte[] flipped = file.clone();
        for (int left = random.nextInt(1, 9); left > 0; left--) {
            flipped[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return flipped;
    }

    /** Something to put in: noise, one byte many times, or a part of the file. */
    private static byte[] piece(byte[] file, SplittableRandom random) {
        byte[] piece = new byte[random.nextInt(1, MAX_PIECE)];
        switch (random.nextInt(3)) {
            case 0 -> random.nextBytes(piece);
            case 1 -> Arrays.fill(piece, (byte) random.nextInt(256));
            default -> {
                int from = file.length == 0 ? 0 : random.nextInt(file.length);
                piece = Arrays.copyOfRange(file, from, Math.min(file.length, from + piece.length));
            }
        }
        return piece;
    }

    private static byte[] spliced(byte[] file, int at, int removed, byte[] inserted) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(file, 0, at);
        out.writeBytes(inserted);
        int rest = Math.min(file.length, at + removed);
        out.write(file, rest, file.length - rest);
        return out.toByteArray();
    }

    private static byte[] withTokensSwapped(byte[] file, SplittableRandom random) {
        List<MatchResult> tokens = near(file, TOKEN, random);
        if (tokens.size() < 2) {
            return flipped(file, random);
        }
        int first = random.nextInt(tokens.size() - 1);
        MatchResult a = tokens.get(first);
        MatchResult b = tokens.get(random.nextInt(first + 1, tokens.size()));
        byte[] later = spliced(file, b.start(), b.end() - b.start(), bytes(a.group()));
        return spliced(later, a.start(), a.end() - a.start(), bytes(b.group()));
    }

    private static byte[] replaced(byte[] file, Pattern what, SplittableRandom random, String word) {
        List<MatchResult> found = near(file, what, random);
        if (found.isEmpty()) {
            return withNumber(file, random);
        }
        MatchResult place = found.get(random.nextInt(found.size()));
        return spliced(file, place.start(), place.end() - place.start(), word.getBytes(StandardCharsets.UTF_8));
    }

    /** What matches in a part of the file, so that large files do not take long. */
    private static List<MatchResult> near(byte[] file, Pattern what, SplittableRandom random) {
        int length = 1 << 12;
        int from = file.length <= length ? 0 : random.nextInt(file.length - length);
        String part = new String(file, from, Math.min(length, file.length - from), StandardCharsets.ISO_8859_1);
        return new ArrayList<>(what.matcher(" ".repeat(from) + part).results().toList());
    }

    private static byte[] bytes(String latin) {
        return latin.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A number of one to eight bytes written over what is there, either end first. */
    private static byte[] withNumber(byte[] file, SplittableRandom random) {
        byte[] changed = file.clone();
        int length = 1 << random.nextInt(4);
        // Headers are where lengths and sizes are.
        int within = random.nextBoolean() ? Math.min(file.length, MAX_PIECE) : file.length;
        int at = random.nextInt(within);
        boolean littleEndian = random.nextBoolean();
        BigInteger number = BigInteger.valueOf(NUMBERS[random.nextInt(NUMBERS.length)]);
        for (int i = 0; i < length && at + i < changed.length; i++) {
            int shift = 8 * (littleEndian ? i : length - 1 - i);
            changed[at + i] = number.shiftRight(shift).byteValue();
        }
        return changed;
    }
}
