package dev.convoy.jobs;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import dev.convoy.data.Printable;
import dev.convoy.data.Redaction;
import java.io.IOException;
import java.util.List;

/** Records as CSV. */
final class Tables {
    private static final CsvMapper CSV = CsvMapper.csvBuilder()
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .addModule(new SimpleModule().addSerializer(String.class, new CellSerializer()))
            .build();

    /** Names of files and reasons may be anybody's, and tell secrets. */
    private static final class CellSerializer extends StdSerializer<String> {
        private static final long serialVersionUID = 1L;

        CellSerializer() {
            super(String.class);
        }

        @Override
        public void serialize(String value, JsonGenerator out, SerializerProvider provider) throws IOException {
            out.writeString(Printable.cell(Redaction.of(value)));
        }
    }

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
