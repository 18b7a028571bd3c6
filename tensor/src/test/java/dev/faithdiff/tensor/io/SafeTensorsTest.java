package dev.faithdiff.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors.Entry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsTest {
    @TempDir Path folder;

    @Test void readsTypesShapesAndMetadata() {
        try (SafeTensors file = SafeTensors.open(Fixtures.path("dtypes/same_tensor.safetensors"))) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.entries().get("scalar_f32").shape()).isEqualTo(Shape.of());
            assertThat(file.entries().get("empty_f16").data().byteSize()).isZero();
            for (Entry e : file.entries().values()) {
                assertThat(e.data().byteSize()).isEqualTo(e.shape().count() * e.dtype().bytes());
                assertThat(e.data().isReadOnly()).isTrue();
            }
        }
    }

    @Tag("full")
    @Test void aCopyOfEveryFixtureHasTheReferenceWritersBytes() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String group : Fixtures.groups()) {
            try (Stream<Path> all = Files.walk(Fixtures.path(group))) {
                files.addAll(all.filter(p -> p.toString().endsWith(".safetensors")).toList());
            }
        }
        assertThat(files).isNotEmpty();
        Path copy = folder.resolve("copy.safetensors");
        for (Path path : files) {
            try (SafeTensors file = SafeTensors.open(path)) {
                SafeTensors.write(copy, file.entries().values(), file.metadata());
                if (file.metadata().size() > 1) continue; // the reference leaves their order open
                assertThat(Files.mismatch(path, copy)).as("%s", path).isEqualTo(-1);
            }
        }
    }

    @Test void findsTheFileOfAFolder() throws IOException {
        try (SafeTensors unet = SafeTensors.open(Fixtures.path("checkpoint-tiny/sdxl/unet"))) {
            assertThat(unet.entries()).containsKey("conv_in.weight");
        }
        Path a = folder.resolve("a.safetensors");
        SafeTensors.write(a, List.of(bytes("a", 1)), Map.of());
        assertThat(names(folder)).containsExactly("a");
        SafeTensors.write(folder.resolve("b.safetensors"), List.of(bytes("b", 1)), Map.of());
        assertThatThrownBy(() -> SafeTensors.open(folder)).isInstanceOf(SafeTensorsError.class).hasMessageContaining("holds 2 files");
        SafeTensors.write(folder.resolve("model.safetensors"), List.of(bytes("full", 1)), Map.of());
        assertThat(names(folder)).containsExactly("full");
        SafeTensors.write(folder.resolve("model.fp16.safetensors"), List.of(bytes("half", 1)), Map.of());
        assertThat(names(folder)).containsExactly("half");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"b\":\"b.safetensors\"}}");
        assertThat(names(folder)).containsExactly("b");
    }

    @Test void readsShards() {
        Path shards = Fixtures.path("checkpoint-tiny/loader-variants/vae-sharded");
        Path whole = Fixtures.path("checkpoint-tiny/sdxl/vae");
        try (SafeTensors all = SafeTensors.open(shards); SafeTensors vae = SafeTensors.open(whole)) {
            assertThat(all.entries()).isNotEmpty();
            all.entries().forEach((name, e) -> assertThat(e.data().mismatch(vae.entries().get(name).data())).as(name).isEqualTo(-1));
        }
    }

    @Test void refusesAnIndexThatDisagreesWithItsShards() throws IOException {
        SafeTensors.write(folder.resolve("s.safetensors"), List.of(bytes("a", 1), bytes("b", 1)), Map.of());
        Map<String, String> reasons = Map.of(
                "{\"weight_map\":{\"a\":\"s.safetensors\",\"b\":\"t.safetensors\"}}", "\"b\" is not given to this shard",
                "{\"weight_map\":{\"a\":\"t.safetensors\"}}", "shard \"t.safetensors\" is missing",
                "{\"weight_map\":{\"a\":\"s.safetensors\",\"b\":\"s.safetensors\",\"c\":\"s.safetensors\"}}",
                "\"c\" is not in \"s.safetensors\"",
                "{\"weight_map\":{\"a\":\"../s.safetensors\"}}", "not the plain name",
                "{\"weight_map\":{\"a\":\"/etc/s.safetensors\"}}", "not the plain name",
                "{\"weight_map\":{\"a\":\"s.safetensors\",\"a\":\"s.safetensors\"}}", "\"a\" twice",
                "{\"weight_map\":{\"a\":1}}", "has number where",
                "{\"metadata\":{\"total_size\":7}}", "no weight_map");
        for (var e : reasons.entrySet()) {
            Path index = Files.writeString(folder.resolve("s.safetensors.index.json"), e.getKey());
            assertThatThrownBy(() -> SafeTensors.open(index)).as(e.getKey())
                    .isInstanceOf(SafeTensorsError.class).hasMessageContaining(e.getValue());
        }
    }

    @Test void aFailedWriteLeavesNothingBehind() throws IOException {
        Path file = folder.resolve("x.safetensors");
        SafeTensors.write(file, List.of(bytes("old", 3)), Map.of());
        Source breaks = new Broken(0), tooFew = new Broken(1), tooMany = new Broken(9);
        for (Source s : List.of(breaks, tooFew, tooMany)) {
            assertThatThrownBy(() -> SafeTensors.write(file, List.of(bytes("a", 1), s), Map.of()))
                    .isInstanceOf(RuntimeException.class);
            assertThat(names(file)).containsExactly("old");
            try (Stream<Path> left = Files.list(folder)) {
                assertThat(left).containsExactly(file);
            }
        }
        assertThatThrownBy(() -> SafeTensors.write(file, List.of(bytes("a", 1), bytes("a", 1)), Map.of()))
                .hasMessageContaining("taken");
        assertThatThrownBy(() -> SafeTensors.write(folder.resolve("no/x.safetensors"), List.of(), Map.of()))
                .hasMessageContaining("folder does not exist");
    }

    @Test void writesNamesAndMetadataOfAnyLanguage() {
        Path file = folder.resolve("x.safetensors");
        Map<String, String> metadata = Map.of("a \"quote\"", "é\n\u2028", "format", "pt");
        SafeTensors.write(file, List.of(bytes("名", 3), bytes("", 0)), metadata);
        try (SafeTensors read = SafeTensors.open(file)) {
            assertThat(read.metadata()).isEqualTo(metadata);
            assertThat(read.entries()).containsOnlyKeys("", "名");
        }
    }

    private static Source bytes(String name, int count) {
        return Source.of(name, DType.U8, Shape.of(count), () -> MemorySegment.ofArray(new byte[count]));
    }

    private static List<String> names(Path path) {
        try (SafeTensors file = SafeTensors.open(path)) {
            return List.copyOf(file.entries().keySet());
        }
    }

    /** Claims four bytes, gives {@code count} of them, none meaning an exception. */
    private record Broken(int count) implements Source {
        @Override public String name() { return "broken"; }
        @Override public DType dtype() { return DType.U8; }
        @Override public Shape shape() { return Shape.of(4); }
        @Override public void writeTo(WritableByteChannel out) throws IOException {
            if (count == 0) throw new IllegalStateException("no bytes");
            Source.copy(MemorySegment.ofArray(new byte[count]), out);
        }
    }
}
