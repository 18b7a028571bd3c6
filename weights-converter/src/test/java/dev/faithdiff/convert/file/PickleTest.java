package dev.faithdiff.convert.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the restricted unpickler builds, and what it refuses. */
class PickleTest {
    private static PickleBytes p2() { return PickleBytes.protocol(2); }

    private static void refused(PickleBytes pickle, String reason) {
        assertThatThrownBy(pickle::read).isInstanceOf(ConvertError.class).hasMessageStartingWith("FaithDiff.bin: the pickle ")
                .hasMessageContaining(reason).satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(500));
    }

    @ParameterizedTest
    @CsvSource({"os,system", "posix,system", "builtins,eval", "__builtin__,exec", "torch.storage,_load_from_bytes",
            "numpy.core.multiarray,_reconstruct", "torch.nn.modules.linear,Linear"})
    void refusesGlobalsByName(String module, String name) {
        String reason = "asks for " + module + "." + name + ", which is not allowed; only tensors and containers are read";
        refused(p2().op('c').ascii(module + "\n" + name + "\n").text("ls").op(0x85, 'R'), reason);
        refused(PickleBytes.protocol(4).text(module).text(name).op(0x93).text("ls").op(0x85, 'R'), reason);
        refused(p2().op('(').text("ls").op('i').ascii(module + "\n" + name + "\n"), reason);
    }

    @Test
    void messagesAreOneCleanLine() {
        refused(PickleBytes.protocol(4).text("a\nb\u001b[31m").text("x".repeat(10_000)).op(0x93).op(')', 'R'), "asks for a?b?[31m.xxx");
    }

    @Test
    void refusesObjectsAndAttributes() {
        refused(p2().op('c').ascii("collections\nOrderedDict\n").op(')', 0x81), "builds an object of collections.OrderedDict");
        refused(p2().op('}', '}').text("__class__").text("x").op('s', 'b'), "sets attributes of a dict");
        refused(p2().op(']', '}', 'b'), "sets attributes of a list");
        refused(p2().op(0x82, 1), "opcode 0x82");
        refused(p2().op('P').ascii("id\n"), "opcode 0x50");
        refused(p2().text("f").op(')', 'R'), "calls a string");
    }

    /** Training checkpoints keep the state of their callbacks under classes; of a class that is only named, nothing is run. */
    @Test
    void aClassThatIsNotCalledIsItsName() {
        Object read = p2().op('}').op('c').ascii("pytorch_lightning.callbacks\nModelCheckpoint\n").op('}').op('s').read();
        assertThat(read).isEqualTo(Map.of(new Pickle.Global("pytorch_lightning.callbacks.ModelCheckpoint"), Map.of()));
        refused(p2().op('c').ascii("os\nsystem\n").op('}', 'b'), "sets attributes of a os.system");
        refused(p2().op('c').ascii("os\nsystem\n").op(')', 0x81), "asks for os.system");
    }

    @Test
    void acceptsMetadataOfAStateDict() {
        PickleBytes dict = p2().op('c').ascii("collections\nOrderedDict\n").op(')', 'R').text("a").op('K', 1, 's');
        assertThat(dict.op('}').text("_metadata").op('}', 's', 'b').read())
                .isEqualTo(Map.of("a", 1L));
    }

    @Tag("full")
    @Test
    void deepNestingNeitherRecursesNorStays() {
        assertThat(p2().repeat(300_000, '(').op('N').repeat(300_000, 't').read()).isInstanceOf(List.class);
        refused(p2().repeat(1_100_000, ']'), "is too large");
        refused(p2().repeat(1_100_000, '('), "is too large");
        refused(p2().op(']').repeat(3_000_000, '2', '0'), "is too large");
    }

    @Test
    void aContainerThatHoldsItselfIsNoKey() {
        refused(p2().op('}', ']', 'q', 0, 'h', 0, 'a', 'K', 1, 's'), "has a list as a key");
        refused(PickleBytes.protocol(4).op(0x8f, '(', ')', 0x90), "has a tuple as a key");
    }

    @Test
    void memoIsSparseAndChecked() {
        assertThat(p2().text("x").op('r').int32(-1).op('0', 'j').int32(-1).read()).isEqualTo("x");
        refused(p2().op('h', 7), "recalls value 7");
        refused(p2().op('N').op('p').ascii("99999999999999999999\n"), "memo index");
        refused(p2().op('q', 0), "takes a value where none is");
    }

    @Test
    void neverBelievesALength() {
        refused(p2().op('X').int32(-1).ascii("abc"), "claims a text of 4294967295 bytes but has 4 left: truncated?");
        refused(p2().op(0x8d).int64(Long.MAX_VALUE), "claims a text of 9223372036854775807 bytes");
        refused(p2().op(0x8e).int64(-1), "claims a text of 18446744073709551615 bytes");
        refused(p2().op(0x8b).int32(-1), "claims a text");
        refused(p2().op('L').ascii("9".repeat(5000) + "L\n"), "integer that cannot be read");
    }

    @Test
    void stackBelongsToItsGroup() {
        refused(p2().op('N', '(', 'R'), "takes a value where none is");
        refused(p2().op('N', '(', 0x85), "takes a value where none is");
        refused(p2().op('t'), "ends a group that was not begun");
        refused(p2(), "takes a value where none is");
        refused(p2().op('}', '(', 'N', 'u'), "has a key without a value");
        refused(p2().op(')', 'N', 'a'), "appends to a tuple");
    }

    @Test
    void readsScalarsAndContainers() {
        assertThat(p2().op('(', 'N', 0x88, 0x89, 'K', 255, 'M', 1, 2, 'J').int32(-5).op(0x8a, 0, 0x8a, 1, 0x80)
                .op('I').ascii("01\n").op('I').ascii("-12\n").op('L').ascii("7L\n").op('F').ascii("2.5\n")
                .op('G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0).op('t').read())
                .isEqualTo(Arrays.asList(null, true, false, 255L, 513L, -5L, 0L, -128L, true, -12L, 7L, 2.5, 1.5));
        assertThat(p2().op(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1).read()).isEqualTo(BigInteger.ONE.shiftLeft(64));
        assertThat(p2().op('(').text("a").op('K', 1, 'd').text("b").op(']', '(', 'K', 2, 'K', 3, 'e', 's').read())
                .isEqualTo(Map.of("a", 1L, "b", List.of(2L, 3L)));
        assertThat(p2().op('c').ascii("__builtin__\nset\n").op(']', 'K', 1, 'a', 0x85, 'R').read()).isEqualTo(Set.of(1L));
        assertThat(p2().op('c').ascii("_codecs\nencode\n").text("hi").text("latin1").op(0x86, 'R').read()).isEqualTo(new byte[] {'h', 'i'});
        assertThat(p2().op('c').ascii("torch\nSize\n").op('K', 2, 0x85, 0x85, 'R').read()).isEqualTo(List.of(2L));
        assertThat(PickleBytes.protocol(5).op(0x8f, '(', 'K', 1, 0x90).op('C', 1, 9, 0x94, '0').read()).isEqualTo(Set.of(1L));
    }
}
