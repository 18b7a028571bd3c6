package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CublasLtLibraryTest {
    @Test void aMissingFunctionIsNamed() {
        assertThatThrownBy(() -> new CublasLtLibrary("libcublasLt.so.12", _ -> Optional.empty())).isInstanceOf(CudaError.class)
                .hasMessage("libcublasLt.so.12 has no function cublasLtGetVersion");
    }

    /** Where NVIDIA's library is, which needs no driver to be opened. */
    @Test void theRealLibraryHasAllFunctions() {
        LibrarySearch search = LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"), System.getenv(),
                Path.of(System.getProperty("user.home")));
        int major = search.complete(13);
        LibrarySearch.Opened library = major == 0 ? null : search.open("libcublasLt.so." + major);
        assumeTrue(library != null, "no cuBLASLt here");
        assertThat(new CublasLtLibrary(library.name(), library.symbols()).version() / 10000).isEqualTo(major);
    }
}
