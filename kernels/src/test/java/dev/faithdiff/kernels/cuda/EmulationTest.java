package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Parity;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Indexing, synchronization and arithmetic of our CUDA sources on the host, where g++ is found. Not a GPU's result. */
class EmulationTest {
    private static final String ONLY = System.getProperty("faithdiff.lab", "");

    @TestFactory Stream<DynamicTest> everySourceAgreesWithItsReference(@TempDir Path folder) {
        Assumptions.assumeTrue(EmulatedDevice.unavailable() == null, () -> "CUDA sources are not emulated: " + EmulatedDevice.unavailable());
        EmulatedDevice device = new EmulatedDevice(folder);
        return new CudaBackend().kernels().stream().filter(CudaKernel.class::isInstance).filter(k -> k.name().contains(ONLY))
                .map(k -> DynamicTest.dynamicTest(k.name(), () -> {
                    List<Parity.Result> results = Cases.parity(k.op()).stream().map(c -> Parity.run(k, c, device)).toList();
                    if (!ONLY.isEmpty()) results.forEach(System.out::println);
                    assertThat(results).as("a kernel must take some case").anyMatch(Parity.Result::ran);
                    assertThat(results).allMatch(r -> r.failure() == null);
                }));
    }
}
