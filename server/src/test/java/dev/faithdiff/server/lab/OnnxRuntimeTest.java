package dev.faithdiff.server.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.OnnxModel;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The other engine of the laboratory, which is there only if its jar is named. */
class OnnxRuntimeTest {
    @Test void isNotThereUnlessNamed() {
        assertThat(OnnxRuntime.found(null)).isNull();
        assertThatThrownBy(() -> OnnxRuntime.found("no.jar")).isInstanceOf(IllegalStateException.class).hasMessageContaining("no.jar");
    }

    @Test void timesLayersConvolutionsAndAttention() {
        String jar = System.getProperty(OnnxRuntime.JAR);
        assumeTrue(jar != null, "no jar of ONNX Runtime is named");
        OnnxRuntime peer = OnnxRuntime.found(jar);
        for (Class<? extends Op> op : List.<Class<? extends Op>>of(LinearOp.class, Conv2dOp.class, AttentionOp.class)) {
            List<Case> cases = Cases.parity(op).stream().filter(OnnxModel::isFor).toList();
            assertThat(cases).hasSizeGreaterThan(5);
            for (Case c : cases) assertThat(peer.time(OnnxModel.of(c), 1).nanos()).as(c.name()).isPositive();
        }
    }
}
