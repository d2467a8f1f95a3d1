package dev.convoy.model.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpecJsonTest {
    private static NetworkSpec read(String json) throws JsonProcessingException {
        return SpecJson.MAPPER.readValue(json.replace('\'', '"'), NetworkSpec.class);
    }

    @Test
    void absentKeysHaveTheirDefaults() throws JsonProcessingException {
        NetworkSpec spec = read("{'layers': [{'type': 'conv2d', 'kernel': [3, 5], 'filters': 2, 'initializer': null},"
                + " {'kernel': 4, 'type': 'max-pool'}, {'type': 'batch-norm', 'eps': 0.1}]}");
        assertThat(spec)
                .isEqualTo(new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(2, new Size2d(3, 5)),
                        new LayerSpec.MaxPool(Size2d.square(4)),
                        new LayerSpec.BatchNorm().withEps(0.1))));
    }

    /** Models that exist must stay readable by other versions. */
    @Test
    void everyKeyIsWritten() throws JsonProcessingException {
        LayerSpec convolution = new LayerSpec.Conv2d(2, Size2d.square(3))
                .withPadding(Padding.SAME)
                .withInitializer(new Initializer.Normal());
        NetworkSpec spec = new NetworkSpec(List.of(convolution, new LayerSpec.Dense(4).withoutBias()));
        String json = SpecJson.MAPPER
                .writer()
                .without(SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(spec);
        assertThat(json.replace('"', '\''))
                .isEqualTo("{'layers':[{'type':'conv2d','filters':2,'kernel':[3,3],'stride':[1,1],'padding':'same',"
                        + "'bias':true,'initializer':{'type':'normal','mean':0.0,'std':0.1},'groups':1},"
                        + "{'type':'dense','units':4,'bias':false}],'loss':'softmax-cross-entropy',"
                        + "'initializer':{'type':'he'},'label-smoothing':0.0,'freeze':[]}");
    }

    @Test
    void whatIsMissingUnknownOrOutOfRangeIsNamed() {
        assertThatThrownBy(() -> read("{'layers': [{'type': 'conv2d', 'kernel': 3}]}"))
                .isInstanceOf(JsonMappingException.class)
                .hasMessageContaining("it lacks filters; set it");
        assertThatThrownBy(() -> read("{'layers': [{'type': 'dropout', 'rate': 0.1, 'rated': 1}]}"))
                .isInstanceOf(UnrecognizedPropertyException.class)
                .hasMessageContaining("rated");
        assertThatThrownBy(() -> read("{'layers': [{'type': 'dense', 'units': 0}]}"))
                .hasCauseInstanceOf(InvalidValueException.class)
                .hasMessageContaining("units = 0");
        assertThatThrownBy(() -> read("{'layers': 3}")).isInstanceOf(JsonMappingException.class);
        assertThatThrownBy(() -> read("3")).hasMessageContaining("it is no object");
    }

    /** A network within a network takes no more memory than its text. */
    @Test
    void blocksWithinBlocksAreReadAsTheyCome() throws JsonProcessingException {
        int depth = 400;
        String json = "{'layers': [" + "{'type': 'residual', 'body': [".repeat(depth)
                + "{'type': 'relu'},".repeat(50_000) + "{'type': 'relu'}" + "]}".repeat(depth) + "]}";
        assertThat(read(json).layers()).hasSize(1);
    }
}
