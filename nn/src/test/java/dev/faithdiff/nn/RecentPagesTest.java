package dev.faithdiff.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Of a file of 16 MiB, 4 MiB stay in memory, more where there is room, and what left is read again. */
@EnabledOnOs(OS.LINUX)
class RecentPagesTest {
    private static final int TENSORS = 16, BYTES = 1 << 20, LAST = 4 << 20, ROOM = 6 << 20;
    private static final int AROUND = 64 << 10; // the system maps pages around one that is read

    @TempDir Path dir;

    @Test void keepsWhatWasUsedLast() throws IOException {
        Path path = file("weights");
        try (SafeTensors file = SafeTensors.open(path)) {
            List<MemorySegment> tensors = tensors(file);
            read(tensors, data -> {});
            assertThat(resident(path)).isGreaterThanOrEqualTo(TENSORS * (long) BYTES);
            RecentPages pages = new RecentPages(LAST, 0);
            for (int i = 0; i < 2; i++) {
                read(tensors, pages::used);
                assertThat(resident(path)).isBetween((long) LAST, LAST + (long) AROUND * TENSORS);
            }
        }
    }

    /** The first round shows what is used, the second keeps what there is room for. */
    @Test void keepsWhatIsUsedAgainUntilAnotherFileIsAtWork() throws IOException {
        Path path = file("weights"), other = file("other");
        try (SafeTensors file = SafeTensors.open(path); SafeTensors second = SafeTensors.open(other)) {
            List<MemorySegment> tensors = tensors(file);
            read(tensors, data -> {});
            RecentPages pages = new RecentPages(LAST, ROOM), others = new RecentPages(LAST, ROOM);
            read(tensors, pages::used);
            assertThat(resident(path)).isBetween((long) LAST, LAST + (long) AROUND * TENSORS);
            for (int i = 0; i < 3; i++) {
                read(tensors, pages::used);
                assertThat(resident(path)).isBetween((long) LAST + ROOM, LAST + ROOM + (long) AROUND * TENSORS);
            }
            others.used(tensors(second).getFirst());
            assertThat(resident(path)).isBetween((long) LAST, LAST + (long) AROUND * TENSORS);
        }
    }

    @Test void smallFilesStayWhole() throws IOException {
        Path path = file("weights");
        try (SafeTensors file = SafeTensors.open(path)) {
            List<MemorySegment> tensors = tensors(file);
            RecentPages pages = new RecentPages(RecentPages.LAST, 0);
            for (int i = 0; i < 2; i++) read(tensors, pages::used);
            assertThat(resident(path)).isGreaterThanOrEqualTo(TENSORS * (long) BYTES);
        }
    }

    private static List<MemorySegment> tensors(SafeTensors file) { return file.entries().values().stream().map(SafeTensors.Entry::data).toList(); }

    private interface Use {
        void of(MemorySegment data);
    }

    /** Tensor i holds the byte i. */
    private static void read(List<MemorySegment> tensors, Use use) {
        for (int i = 0; i < tensors.size(); i++) {
            use.of(tensors.get(i));
            for (long at = 0; at < BYTES; at += 512) assertThat(tensors.get(i).get(ValueLayout.JAVA_BYTE, at) == i).isTrue();
        }
    }

    private Path file(String name) {
        Path path = dir.resolve(name + ".safetensors");
        try (Arena arena = Arena.ofConfined()) {
            List<Source> tensors = new ArrayList<>();
            for (int i = 0; i < TENSORS; i++) {
                MemorySegment data = arena.allocate(BYTES).fill((byte) i);
                tensors.add(Source.of("t" + (char) ('a' + i), DType.I8, Shape.of(BYTES), () -> data));
            }
            SafeTensors.write(path, tensors, Map.of());
        }
        return path;
    }

    /** Bytes of the file that are mapped into this process's memory now. */
    private static long resident(Path file) throws IOException {
        long kilobytes = 0;
        boolean here = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) here = line.endsWith(file.toString());
            else if (here && line.startsWith("Rss:")) kilobytes += Long.parseLong(line.replaceAll("\\D", ""));
        }
        return kilobytes << 10;
    }
}
