package dev.faithdiff.kernels.cpu.emit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.kernels.cpu.emit.Assembler.Label;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** Every encoding, byte for byte, against what GNU as made of the same text; emit/listing.py says how. */
class AssemblerTest {
    @Test void writesTheBytesOfAKnownAssembler() throws IOException {
        Map<String, String> ours = new LinkedHashMap<>();
        Listing.cases().forEach((text, call) -> {
            Assembler a = new Assembler();
            call.accept(a);
            ours.put(text, HexFormat.of().formatHex(a.toArray()));
        });
        assertThat(ours).isEqualTo(stored());
    }

    @Test void refusesALabelBoundTwice() {
        Assembler a = new Assembler();
        Label here = a.here();
        assertThatThrownBy(() -> a.bind(here)).isInstanceOf(IllegalStateException.class);
    }

    @Test void refusesAnIndexThatNoEncodingHas() {
        assertThatThrownBy(() -> Mem.at(Gpr.RAX, Gpr.RSP, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Mem.at(Gpr.RAX, Gpr.RCX, 3, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    private static Map<String, String> stored() throws IOException {
        Map<String, String> listing = new LinkedHashMap<>();
        try (InputStream in = new GZIPInputStream(AssemblerTest.class.getResourceAsStream("/emit/listing.txt.gz"))) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(line -> {
                int tab = line.indexOf('\t');
                listing.put(line.substring(tab + 1), line.substring(0, tab));
            });
        }
        return listing;
    }
}
