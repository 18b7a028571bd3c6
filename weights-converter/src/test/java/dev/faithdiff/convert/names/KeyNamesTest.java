package dev.faithdiff.convert.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Names of older files and of training scripts. */
class KeyNamesTest {
    private static Source tensor(String name, int... shape) { return Source.of(name, DType.F16, Shape.of(shape), () -> MemorySegment.NULL); }

    @Test
    void earlyVaeAttentionIsRenamedAndSqueezed() {
        Source q = KeyNames.modern(tensor("decoder.mid_block.attentions.0.query.weight", 64, 64, 1, 1));
        assertThat(q.name()).isEqualTo("decoder.mid_block.attentions.0.to_q.weight");
        assertThat(q.shape()).isEqualTo(Shape.of(64, 64));
        assertThat(KeyNames.modern(tensor("encoder.mid_block.attentions.0.proj_attn.bias", 64)).name())
                .isEqualTo("encoder.mid_block.attentions.0.to_out.0.bias");
        assertThat(KeyNames.modern(tensor("encoder.mid_block.attentions.0.to_out.0.weight", 8, 8, 1, 1)).shape()).isEqualTo(Shape.of(8, 8));
        Source other = tensor("encoder.down_blocks.1.resnets.0.conv_shortcut.weight", 8, 4, 1, 1);
        assertThat(KeyNames.modern(other)).isSameAs(other);
    }

    @Test
    void stateDictIsFoundInItsWrappers() {
        Map<String, Source> wrapped = new LinkedHashMap<>();
        for (String k : new String[] {"state_dict.module.conv_in.weight", "state_dict.module.spatial_ch_projs.bias", "optimizer.0.step"}) {
            wrapped.put(k, tensor(k, 1));
        }
        assertThat(KeyNames.unwrap(wrapped).keySet()).containsExactly("conv_in.weight", "spatial_ch_projs.bias");
        assertThat(KeyNames.unwrap(wrapped).get("conv_in.weight").name()).isEqualTo("conv_in.weight");
    }
}
