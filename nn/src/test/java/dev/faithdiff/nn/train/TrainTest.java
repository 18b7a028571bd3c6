package dev.faithdiff.nn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Averages, clipping, schedules and losses against values by hand and of the published schedules. */
class TrainTest {
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static Tensor of(float... values) { return Tensor.of(values, values.length); }

    /** The scripts' settings: 300 warm-up steps and 6000 or 40000 steps, each counted four times by four processes. */
    @Test void cosineAsPublished() {
        for (String stage : new String[] {"lr_factor_stage1", "lr_factor_stage2"}) {
            JsonObject factors = Fixtures.json("train/train.json").getAsJsonObject(stage);
            long total = factors.keySet().stream().mapToLong(Long::parseLong).max().orElseThrow();
            LrSchedule schedule = LrSchedule.cosine(1200, total);
            factors.entrySet().forEach(e -> assertThat(schedule.factor(Long.parseLong(e.getKey()))).as(stage + " " + e.getKey())
                    .isCloseTo(e.getValue().getAsDouble(), Offset.offset(1e-15)));
        }
        assertThat(LrSchedule.cosine(0, 10).factor(25)).isZero();
    }

    @Test void constantRisesAndStays() {
        LrSchedule s = LrSchedule.constant(4);
        assertThat(List.of(s.factor(0), s.factor(1), s.factor(3), s.factor(4), s.factor(1000))).containsExactly(0.0, 0.25, 0.75, 1.0, 1.0);
        assertThat(LrSchedule.constant(0).factor(0)).isEqualTo(1);
    }

    @Test void clippingBringsTheCommonNormDown() {
        assertThat(GradClip.norm(List.of(of(3), Tensor.of(new float[] {0, 4}, 1, 2), of(12).to(DType.F16)))).isEqualTo(13);
        assertThat(GradClip.norm(List.of())).isZero();
        assertThat(GradClip.norm(List.of(of(1), of(Float.NaN)))).isNaN();
        assertThat(GradClip.scale(0.5, 1)).isEqualTo(1);
        assertThat(GradClip.scale(4, 1)).isCloseTo(0.25, Offset.offset(1e-6)).isLessThan(0.25);
    }

    private static void set(Tensor p, float value) { Engine.update(new AffineOp(0, value), p, p); }

    @Test void averagesFollowWithThePublishedStart() {
        Tensor p = of(8);
        try (Ema e = new Ema(Map.of("p", p), 0.9999)) {
            set(p, 2);
            assertThat(e.averages().get("p").item()).isEqualTo(8);
            e.update();
            assertThat(e.averages().get("p").item()).as("the first update copies").isEqualTo(2);
            set(p, 13);
            e.update();
            assertThat(e.averages().get("p").item()).as("decay 2/11").isCloseTo(2 + 11 * 9 / 11f, Offset.offset(1e-5f));
            assertThat(e.decay()).isEqualTo(3.0 / 12);
            for (int i = 0; i < 1000; i++) e.update();
            assertThat(e.averages().get("p").item()).isCloseTo(13, Offset.offset(1e-5f));
            assertThat(e.decay()).isEqualTo(1003.0 / 1012);
        }
    }

    @Test void averagesWithAConstantDecayAreKeptAndRestored() {
        Tensor p = of(1).to(DType.F16);
        try (Ema e = new Ema(Map.of("p", p), 0.75, false); Ema again = new Ema(Map.of("p", p), 0.75, false)) {
            set(p, 5);
            e.update();
            assertThat(e.averages().get("p").item()).isEqualTo(2);
            assertThat(e.averages().get("p").dtype()).isEqualTo(DType.F32);
            again.restore(e.averages(), e.updates());
            again.update();
            assertThat(again.averages().get("p").item()).isEqualTo(2.75f);
            assertThat(again.updates()).isEqualTo(2);
            assertThatThrownBy(() -> e.restore(Map.of(), 0)).isInstanceOf(OpError.class).hasMessage("p is missing");
        }
    }

    @Test void lossesAndTheirGradients() {
        Tensor x = of(1, -2, 5), y = of(3, -3, 5);
        assertThat(Loss.l1(x, y).item()).isEqualTo(1);
        assertThat(Loss.l2(x, y).item()).isEqualTo((4 + 1) / 3f);
        try (Tape tape = Tape.watch(x)) {
            assertThat(tape.gradients(Loss.l1(x, y)).get(x).toFloats()).containsExactly(-1 / 3f, 1 / 3f, 0);
        }
        try (Tape tape = Tape.watch(x)) {
            assertThat(tape.gradients(Loss.l2(x, y)).get(x).toFloats()).containsExactly(new float[] {-4 / 3f, 2 / 3f, 0}, Offset.offset(1e-6f));
        }
    }

    /** Nothing for the standard normal; ln 4 wider and 3 aside: (9 + 4 - 1 - ln 4) / 2. */
    @Test void divergenceFromTheStandardNormal() {
        assertThat(Loss.kl(of(0, 0), of(0, 0)).item()).isZero();
        assertThat(Loss.kl(of(3), of((float) Math.log(4))).item()).isCloseTo((float) (12 - Math.log(4)) / 2, Offset.offset(1e-6f));
    }
}
