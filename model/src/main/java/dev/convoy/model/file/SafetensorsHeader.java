package dev.convoy.model.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The header of a safetensors file, read token by token: a tree of it would take thirty times its size. */
final class SafetensorsHeader {
    private static final int MAX_TENSORS = 100_000;
    private static final int MAX_AXES = 64;

    /**
     * What it says of a tensor.
     *
     * @param begin where its values begin, behind the header
     * @param end where they end
     */
    record Entry(String name, String dtype, List<Long> shape, long begin, long end) {
        /** The number of values; -1 if the shape is not one of a tensor. */
        long size() {
            try {
                boolean sound = shape.stream().allMatch(axis -> axis >= 0 && axis <= Integer.MAX_VALUE);
                return sound ? shape.stream().reduce(1L, Math::multiplyExact) : -1;
            } catch (ArithmeticException e) {
                return -1;
            }
        }

        @Override
        public String toString() {
            return dtype + " " + shape + " at " + begin + " to " + end;
        }
    }

    private SafetensorsHeader() {}

    /** All tensors, in the order of their values. */
    static List<Entry> parse(byte[] header, String file) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (JsonParser json = new JsonFactory().createParser(header)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw malformed(file, "its header is no JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals("__metadata__")) {
                    json.skipChildren();
                } else if (json.currentToken() != JsonToken.START_OBJECT || entries.size() == MAX_TENSORS) {
                    throw malformed(
                            file,
                            entries.size() == MAX_TENSORS
                                    ? "it has more than " + MAX_TENSORS + " tensors"
                                    : "the tensor " + name + " is not described");
                } else {
                    entries.add(entry(json, name));
                }
            }
        }
        entries.sort(Comparator.comparingLong(Entry::begin));
        return entries;
    }

    private static ConvoyException malformed(String file, String what) {
        return new ConvoyException("Cannot read " + file + " as safetensors: " + what);
    }

    private static Entry entry(JsonParser json, String name) throws IOException {
        String dtype = "";
        List<Long> shape = List.of(-1L);
        List<Long> offsets = List.of();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "dtype" -> dtype = json.getValueAsString("");
                case "shape" -> shape = numbers(json);
                case "data_offsets" -> offsets = numbers(json);
                default -> json.skipChildren();
            }
        }
        boolean whole = offsets.size() == 2;
        return new Entry(name, dtype, shape, whole ? offsets.get(0) : -1, whole ? offsets.get(1) : -1);
    }

    /** Reads a whole number; gives -1 for anything else. */
    private static List<Long> numbers(JsonParser json) throws IOException {
        List<Long> numbers = new ArrayList<>();
        if (json.currentToken() != JsonToken.START_ARRAY) {
            json.skipChildren();
            return List.of(-1L);
        }
        while (json.nextToken() != JsonToken.END_ARRAY) {
            boolean whole = json.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
            json.skipChildren();
            if (numbers.size() < MAX_AXES) {
                numbers.add(whole ? json.getLongValue() : -1L);
            }
        }
        return numbers;
    }
}
