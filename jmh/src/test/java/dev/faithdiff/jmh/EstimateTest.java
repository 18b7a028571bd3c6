package dev.faithdiff.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.SelfAttentionOp;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The list of ops and the arithmetic behind an estimate, not how near it is. */
@Tag("full")
class EstimateTest {
    @Test void aStepIsItsOpsAtTheirRates() {
        Card h200 = Card.ALL.get("h200");
        Estimate step = Estimate.of(h200, DType.F16, false, 2, Models.FULL.get("guided-step-1024"));
        assertThat(step.toString()).contains("13.5").contains("CudnnSelfAttention", "CublasLtLinear ", "CublasLtLinearAdd");
        // At the rates of the card nothing is faster than all its operations at cuBLAS's rate, and each launch takes its edge and ramp.
        assertThat(step.millis()).isGreaterThan(13.5e12 / 689e12 * 1e3 + step.launches() * (h200.edge() + h200.ramp()) / 1e3 / 2).isLessThan(60);
        assertThat(step.launches()).isBetween(500L, 2500L);
    }

    /** Where rounding pays by the rates, and only there: products of 1280 by 1280 stay in 16 bits. */
    @Test void someLayersAreFasterInF8() {
        Card h200 = Card.ALL.get("h200");
        Estimate wide = Estimate.of(h200, DType.F16, false, 2, Models.FULL.get("guided-step-1024"));
        Estimate narrow = Estimate.of(h200, DType.F16, true, 2, Models.FULL.get("guided-step-1024"));
        assertThat(wide.toString()).doesNotContain("F8").contains("CudnnUpsampleConv2d");
        assertThat(narrow.toString()).contains("CudnnNormLinearF8", "CudnnNormConv2dF8", "CudnnLinearAddF8", "CublasLtLinearAdd");
        assertThat(narrow.millis()).isLessThan(wide.millis());
    }

    /** 140 attentions: 10 and 60 blocks, each to its own tokens and to the text's 77. */
    @Test void casesAreTheStepsOps() {
        List<Case> ops = ModelOps.of("guided-step-1024", DType.F16);
        for (Class<?> op : List.of(AttentionOp.class, SelfAttentionOp.class)) {
            List<Case> attention = ops.stream().filter(c -> op.isInstance(c.op())).toList();
            assertThat(attention).hasSize(2);
            assertThat(attention.stream().mapToInt(c -> Integer.parseInt(c.label().split("x")[0])).sum()).isEqualTo(70);
        }
    }
}
