package dev.convoy.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import java.util.List;

/** Records as CSV. */
final class Tables {
    private static final CsvMapper CSV = CsvMapper.csvBuilder()
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .build();

    private Tables() {}

    /** With a header line. */
    static <T> String csv(Class<T> type, List<? extends T> rows) {
        try {
            return CSV.writer(CSV.schemaFor(type).withHeader()).writeValueAsString(rows);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
