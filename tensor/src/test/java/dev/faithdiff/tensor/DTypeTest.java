package dev.faithdiff.tensor;

import static dev.faithdiff.Fixtures.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Fixtures;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DTypeTest {
    private final Fixtures rounding = Fixtures.open("dtypes/rounding.safetensors");

    static Stream<String> conversions() {
        return Fixtures.open("dtypes/rounding.safetensors").names().stream().filter(n -> n.endsWith(".bits")).map(n -> n.replace(".bits", ""));
    }

    @ParameterizedTest @MethodSource("conversions")
    void roundsAsTorch(String conversion) {
        String[] steps = conversion.split("_to_");
        float[] input = rounding.floats("input_f32"), actual = new float[input.length], expected = new float[input.length];
        DType target = type(steps[steps.length - 1]);
        long[] bits = rounding.longs(conversion + ".bits");
        for (int i = 0; i < input.length; i++) {
            int last = 0;
            actual[i] = input[i];
            for (String step : steps) {
                last = encode(type(step), actual[i]);
                actual[i] = decode(type(step), last);
            }
            expected[i] = decode(target, (int) bits[i]);
            if (expected[i] == expected[i]) {
                String what = conversion + " of " + Float.toHexString(input[i]);
                assertThat(last).as(what).isEqualTo((int) bits[i] & mask(target));
            }
        }
        assertClose(conversion, actual, expected, 0);
        if (steps.length == 1) assertClose(conversion + ".as_f32", actual, rounding.floats(conversion + ".as_f32"), 0);
    }

    @Test void decodesEveryPattern() {
        Fixtures tables = Fixtures.open("dtypes/decode_tables.safetensors");
        assertThat(tables.names()).isNotEmpty();
        for (String name : tables.names()) {
            DType type = type(name.replace("_all_as_f32_bits", ""));
            long[] bits = tables.longs(name);
            assertThat(bits).hasSize(1 << 8 * type.bytes());
            for (int i = 0; i < bits.length; i++) {
                float actual = decode(type, i), expected = Float.intBitsToFloat((int) bits[i]);
                if (expected != expected) assertThat(actual).as("%s %x", type, i).isNaN();
                else assertThat(Float.floatToRawIntBits(actual)).as("%s %x", type, i).isEqualTo((int) bits[i]);
            }
        }
    }

    @Test void readsOneTensorInEveryFloatingType() {
        Fixtures stored = Fixtures.open("dtypes/same_tensor.safetensors");
        Fixtures upcast = Fixtures.open("dtypes/same_tensor_f32.safetensors");
        for (String name : upcast.names()) assertClose(name, stored.floats(name), upcast.floats(name), 0);
        assertThat(stored.names().stream().filter(n -> stored.entry(n).dtype().isFloating()))
                .containsExactlyInAnyOrderElementsOf(upcast.names());
    }

    @Test void decodesAQuantisedWeight() {
        Fixtures f = Fixtures.open("dtypes/fp8_weight.safetensors");
        assertClose("weight_f8", f.floats("weight_f8"), f.floats("weight_dequant_f32"), 0);
        float[] wide = f.floats("weight_f16");
        for (int i = 0; i < wide.length; i++) wide[i] = DType.f8ToFloat(DType.floatToF8(wide[i]));
        assertClose("weight_f16 rounded", wide, f.floats("weight_dequant_f32"), 0);
        try (Scope _ = Scope.open()) {
            Tensor product = Fixtures.tensor(f, "x_f16").linear(Fixtures.tensor(f, "weight_f8"), null);
            assertClose("product", product.toFloats(), f.floats("y_f32"), 1e-6);
        }
    }

    @ParameterizedTest @EnumSource
    void storesSmallWholeNumbersExactly(DType type) {
        if (type == DType.F8_E5M2) {
            assertThatThrownBy(() -> encode(type, 1)).isInstanceOf(UnsupportedOperationException.class);
            return;
        }
        MemorySegment s = MemorySegment.ofArray(new byte[16]);
        assertThat(type.get(s, 3)).isZero();
        type.set(s, 3, 1);
        assertThat(type.get(s, 3)).isEqualTo(1);
        assertThat(type.getLong(s, 3)).isEqualTo(1);
    }

    @Test void integersOfFilesKeepTheirSign() {
        MemorySegment ones = MemorySegment.ofArray(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
        for (DType t : new DType[] {DType.I8, DType.I16, DType.I32, DType.I64}) assertThat(t.getLong(ones, 0)).isEqualTo(-1);
        assertThat(DType.U8.getLong(ones, 0)).isEqualTo(255);
        assertThat(DType.BOOL.getLong(ones, 0)).isEqualTo(1);
    }

    private static DType type(String name) { return DType.valueOf(name.toUpperCase(Locale.ROOT)); }

    private static int mask(DType type) { return type.bytes() == 4 ? -1 : (1 << 8 * type.bytes()) - 1; }

    private static int encode(DType type, float v) {
        MemorySegment s = MemorySegment.ofArray(new byte[8]);
        type.set(s, 0, v);
        return s.get(DType.INT, 0) & mask(type);
    }

    private static float decode(DType type, int bits) {
        MemorySegment s = MemorySegment.ofArray(new byte[8]);
        s.set(DType.INT, 0, bits);
        return type.get(s, 0);
    }
}
