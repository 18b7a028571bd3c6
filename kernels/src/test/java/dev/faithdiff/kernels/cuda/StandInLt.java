package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.DiskCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Run by {@link StandInTest} in a separate JVM with the fake driver: the algorithms of cuBLASLt that are kept. */
final class StandInLt {
    /** Sizes of a product that is worth measuring. */
    private static final int M = 256, N = 256, K = 160;

    private StandInLt() {}

    /** @param arguments an empty folder */
    public static void main(String[] arguments) throws IOException {
        Path cache = Path.of(arguments[0]);
        StandIn.load(cache);
        CudaDevice device = new CudaDevice(0, new Nvrtc(), new DiskCache(cache));
        Product p = Product.linear(DType.F16, M, N, K, true, Then.ADD);
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.full(device, DType.F16, Shape.of(M, K), 1), w = Tensor.full(device, DType.F16, Shape.of(N, K), 0x1p-5f);
            Tensor bias = Tensor.full(device, DType.F16, Shape.of(N), -4), addend = Tensor.full(device, DType.F16, Shape.of(M, N), 2);
            long[] in = {x.address(), w.address(), bias.address(), addend.address()};
            CublasLt first = new CublasLt(device, new DiskCache(cache));
            check(device, "first", first, p, in);
            check(device, "again", first, p, in);
            check(device, "second", new CublasLt(device, new DiskCache(cache)), p, in);
            Path kept;
            try (var files = Files.list(cache)) {
                kept = files.filter(f -> f.toString().endsWith(".lt")).findFirst().orElseThrow();
            }
            String content = StandIn.kept(kept), name = "stand-in, no GPU sm_90a cuBLASLt 120600 " + p + "\n";
            assertThat(content).startsWith(name).hasSize(name.length() + 64);
            for (int damage = 0; damage < 3; damage++) {
                StringBuilder damaged = new StringBuilder(content);
                int at = damage == 1 ? 0 : damage == 2 ? name.length() : content.length() - 1;
                if (damage == 0) damaged.deleteCharAt(at);
                else damaged.setCharAt(at, (char) (content.charAt(at) + 1));
                StandIn.keep(kept, damaged.toString());
                check(device, "broken", new CublasLt(device, new DiskCache(cache)), p, in);
                assertThat(StandIn.kept(kept)).isEqualTo(content);
            }
        }
    }

    private static void check(CudaDevice device, String what, CublasLt lt, Product p, long... in) {
        StandIn.note(what);
        Tensor y = Tensor.empty(device, DType.F16, Shape.of(M, N));
        lt.run(p, in[0], in[1], in[2], in[3], y.address());
        for (float f : y.toFloats()) assertThat(f).as("160 / 32 - 4 + 2").isEqualTo(3);
    }
}
