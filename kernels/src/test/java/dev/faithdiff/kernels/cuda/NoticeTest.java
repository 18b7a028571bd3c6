package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.CudaBackend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The jar has the licence of the native libraries beside them, and it names each. */
class NoticeTest {
    @Test void everyNativeLibraryIsNamedWithItsLicence() throws Exception {
        Path classes = Path.of(CudaBackend.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        String notice = Files.readString(classes.resolve("META-INF/NOTICE"));
        List<String> natives;
        try (Stream<Path> files = Files.list(classes.resolve("lib"))) {
            natives = files.map(f -> "lib/" + f.getFileName()).toList();
        }
        assertThat(natives).hasSize(4).allSatisfy(library -> assertThat(notice).contains(library));
        assertThat(notice).contains("Marco Hutter", "The above copyright notice and this permission notice shall be included", "libcudart_static");
        assertThat(classes.resolve("META-INF/LICENSE")).exists();
    }
}
