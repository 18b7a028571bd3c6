package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.op.CublasLinear;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.DiskCache;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.LinearOp;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Run by {@link StandInTest} in a separate JVM with the fake driver: the device's memory, copies, modules and launches, and the algorithms of cuDNN
 * that are kept.
 */
final class StandInRun {
    /** y = 3 x + 0.5 by the one kernel that the fake driver has built in. */
    private static final class Scale extends CudaKernel<AffineOp> {
        private final String entry;
        private final int shared;

        Scale(String entry, int shared) {
            super("scale");
            this.entry = entry;
            this.shared = shared;
        }

        @Override public Class<AffineOp> op() { return AffineOp.class; }

        @Override public void run(AffineOp op, Tensor[] in, Tensor out) {
            launch(in, out, entry).grid((out.count() + 127) / 128).block(128).shared(shared)
                    .arg(in[0]).arg(out).arg(out.count()).arg((int) op.scale()).arg(op.shift()).run();
        }
    }

    /** Compiles nothing and records its calls. */
    private static final class Pretending implements CudaModules.Compiler {
        private final List<String> asked = new ArrayList<>();
        private String source;

        @Override public String version() { return "pretending 1"; }

        @Override public byte[] compile(String text, String name, List<String> options) {
            asked.add(name + " " + options);
            source = text;
            return "codecode".getBytes(StandardCharsets.US_ASCII);
        }
    }

    private StandInRun() {}

    /** @param arguments a folder for the cache of compiled kernels, and {@code all}, {@code streams} or {@code plans} */
    public static void main(String[] arguments) throws Exception {
        Path cache = Path.of(arguments[0]);
        StandIn.load(cache);
        Pretending compiler = new Pretending();
        CudaDevice device = new CudaDevice(0, compiler, new DiskCache(cache));
        if (arguments[1].equals("streams")) {
            streams(device);
            return;
        }
        if (arguments[1].equals("plans")) {
            plans(device, cache);
            return;
        }
        LibrarySearch search = LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"), System.getenv(), cache);
        if (search.find("libnvrtc.so.12") == null && search.find("libnvrtc.so.13") == null) {
            assertThat(new CudaBackend().unavailable()).startsWith("a GPU is here, but not ")
                    .contains("NVRTC (libnvrtc.so.13 or .so.12)", "docs/cuda.md");
            assertThat(new CudaBackend().count()).isZero();
        }
        assertThat(device.model()).isEqualTo("stand-in, no GPU");
        assertThat(device.architecture()).isEqualTo("sm_90a");
        assertThat(device.totalBytes()).isEqualTo(256L << 20);
        kernels(device, compiler, cache);
        copies(device);
        memory(device);
        graphs(device);
        captureAmongOthers(device);
        algorithms(device, cache);
    }

    private static void kernels(CudaDevice device, Pretending compiler, Path cache) throws Exception {
        AffineOp op = new AffineOp(3, 0.5f);
        try (Scope _ = Scope.open()) {
            float[] values = new float[1000];
            for (int i = 0; i < values.length; i++) values[i] = i;
            Tensor x = Tensor.of(values, 1000).to(device);
            Tensor y = Engine.run(new Scale("scale", 0), op, x);
            Tensor z = Engine.run(new Scale("scale", 100 << 10), op, y.view(500, Shape.of(250)));
            float[] got = z.to(Device.CPU).toFloats();
            for (int i = 0; i < got.length; i++) assertThat(got[i]).isEqualTo(3 * (3 * (500 + i) + 0.5f) + 0.5f);
            assertThat(compiler.asked).containsExactly("scale.cu [-arch=sm_90a, -std=c++17, -DT0=F32, -DTO=F32]");
            assertThat(compiler.source).startsWith("// prelude").contains("#line 1 \"scale.cu\"");
            assertThatThrownBy(() -> Engine.run(new Scale("gone", 0), op, x)).isInstanceOf(CudaError.class)
                    .hasMessage("finding gone in scale.cu failed with code 500, CUDA_ERROR_NOT_FOUND: named symbol not found");
            try (var files = Files.list(cache)) {
                assertThat(files).hasSize(1).allMatch(f -> f.toString().endsWith(".cubin"));
            }
            // A second run of the program finds the code that the first one kept.
            CudaModules again = new CudaModules(device, "sm_90a", compiler, new DiskCache(cache));
            again.function("scale", "scale", List.of("-DT0=F32", "-DTO=F32"));
            assertThat(compiler.asked).hasSize(1);
            again.function("scale", "scale", List.of("-DT0=F16", "-DTO=F16"));
            assertThat(compiler.asked).hasSize(2);
            try (var files = Files.list(cache)) {
                for (Path f : files.toList()) Files.write(f, Arrays.copyOf(Files.readAllBytes(f), 4));
            }
            CudaModules.code("scale", List.of("-DT0=F32", "-DTO=F32"), "sm_90a", compiler, new DiskCache(cache));
            assertThat(compiler.asked).as("cut off, and so compiled again").hasSize(3);
            assertThatThrownBy(() -> again.function("none", "none", List.of())).hasMessage("there is no kernel source none.cu");
        }
    }

    /** An algorithm is measured once for all runs of the program. A damaged file is ignored and written again. */
    private static void algorithms(CudaDevice device, Path cache) throws IOException {
        try (Scope _ = Scope.open(); var files = Files.list(cache)) {
            Shape x = Shape.of(1, 6, 5, 3), w = Shape.of(4, 3, 3, 3), y = Shape.of(1, 6, 5, 4);
            Tensor[] t = {Tensor.zeros(device, DType.F32, x), Tensor.zeros(device, DType.F32, w), Tensor.zeros(device, DType.F32, y)};
            List<Path> before = files.toList();
            for (Cudnn.Pass pass : Cudnn.Pass.values()) {
                Cudnn.Problem p = new Cudnn.Problem(pass, DType.F32, x, w, y, 1, 1, 1);
                StandIn.note("first " + pass);
                new Cudnn(device, new DiskCache(cache)).run(p, t[0].address(), t[1].address(), t[2].address());
                StandIn.note("second " + pass);
                new Cudnn(device, new DiskCache(cache)).run(p, t[0].address(), t[1].address(), t[2].address());
                Path kept;
                try (var now = Files.list(cache)) {
                    List<Path> fresh = now.filter(f -> !before.contains(f)).toList();
                    assertThat(fresh).hasSize(1);
                    kept = fresh.getFirst();
                }
                String content = StandIn.kept(kept);
                assertThat(content).contains("stand-in, no GPU sm_90a cuDNN 90501", pass.name());
                for (String other : List.of("", "no such thing\n1", content + "7777", content.replaceAll("\\d+$", "99"))) {
                    StandIn.keep(kept, other);
                    StandIn.note("broken " + pass);
                    new Cudnn(device, new DiskCache(cache)).run(p, t[0].address(), t[1].address(), t[2].address());
                }
                StandIn.note("end of " + pass);
                Files.delete(kept);
            }
            device.synchronize();
        }
    }

    /** Sizes of a product that is worth measuring. */
    private static final int M = 256, N = 256, K = 160;

    private static void plans(CudaDevice device, Path cache) throws IOException {
        GraphPattern p = GraphPattern.Product.linear(DType.F16, M, N, K, true, GraphPattern.Then.GATE);
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.full(device, DType.F16, Shape.of(M, K), 1), w = Tensor.full(device, DType.F16, Shape.of(N, K), 0x1p-5f);
            Tensor bias = Tensor.full(device, DType.F16, Shape.of(N), -4), values = Tensor.full(device, DType.F16, Shape.of(M, N), 2);
            long[] in = {x.address(), w.address(), bias.address(), values.address()};
            CudnnPlans plans = new Cudnn(device, new DiskCache(cache)).plans();
            StandIn.note("first");
            check(device, plans, p, in);
            StandIn.note("again");
            check(device, plans, p, in);
            StandIn.note("second");
            check(device, new Cudnn(device, new DiskCache(cache)).plans(), p, in);
            Path kept;
            try (var files = Files.list(cache)) {
                kept = files.filter(f -> f.toString().endsWith(".plan")).findFirst().orElseThrow();
            }
            assertThat(StandIn.kept(kept)).startsWith("stand-in, no GPU sm_90a cuDNN 91300 " + p + "\n{\"plan\": 2,");
            StandIn.keep(kept, StandIn.kept(kept).replace("process", "no process"));
            StandIn.note("broken");
            check(device, new Cudnn(device, new DiskCache(cache)).plans(), p, in);
            slower(device, p);
        }
    }

    private static void check(CudaDevice device, CudnnPlans plans, GraphPattern p, long... in) {
        Tensor y = Tensor.empty(device, DType.F16, Shape.of(M, N));
        plans.run(p, in[0], in[1], in[2], in[3], y.address());
        for (float f : y.toFloats()) assertThat(f).as("twice the GELU of 1").isCloseTo(1.6826894f, within(1e-3f));
    }

    /** What was measured second is slower; a kernel that lost is refused from then on, by a later run of the program, too. */
    private static void slower(CudaDevice device, GraphPattern p) {
        StandIn.note("slower");
        List<GraphPattern> patterns = List.of(p, p);
        for (int run = 0; run < 2; run++) {
            assertThat(CudnnPlans.refuses(device, "K", patterns)).isNull();
            device.cudnn().plans().compare("K", patterns, () -> { throw new CudaError("fails"); }, () -> null);
        }
        assertThat(CudnnPlans.refuses(device, "K", patterns)).as("nothing runs without it").isNull();
        List<GraphPattern> others = List.of(p, p, p);
        device.cudnn().plans().compare("K", others, () -> { throw new CudaError("fails"); }, () -> () -> { });
        assertThat(CudnnPlans.refuses(device, "L", others)).as("of another kernel nothing is known").isNull();
        assertThat(CudnnPlans.refuses(device, "K", others)).isEqualTo("was measured here and is slower than what runs without it");
        assertThat(CudnnPlans.refuses(Device.CPU, "K", others)).isNull();
    }

    /** A copy larger than both buffers together, of odd length, from memory that changes right after. */
    private static void copies(CudaDevice device) {
        try (Scope _ = Scope.open()) {
            int n = (20 << 20) + 3;
            Tensor host = Tensor.empty(Device.CPU, DType.U8, Shape.of(n));
            for (int i = 0; i < n; i++) host.segment().set(DType.BYTE, i, (byte) (i * 31 >> 5));
            Tensor there = host.to(device);
            host.segment().fill((byte) 1);
            Tensor back = there.to(Device.CPU);
            for (int i = 0; i < n; i++) if (back.segment().get(DType.BYTE, i) != (byte) (i * 31 >> 5)) throw new AssertionError("byte " + i);
            Tensor.empty(device, DType.F32, Shape.of(0)).to(Device.CPU);
            device.synchronize();
        }
    }

    /** Swaps two numbers between two scalings, five times as a graph. Other tensors of the loop do not disturb it, nor it them. */
    private static void graphs(CudaDevice device) {
        Scale scale = new Scale("scale", 0);
        AffineOp twice = new AffineOp(2, 1);
        int[] asked = {0};
        try (Scope _ = Scope.open()) {
            Tensor swap = Tensor.of(new float[] {0, 1, 1, 0}, 2, 2).to(device);
            Replay work = in -> {
                asked[0]++;
                try (Scope t = Scope.open()) {
                    Tensor h = Engine.run(scale, twice, in[0]);
                    h = t.replace(h, Engine.run(new CublasLinear(), new LinearOp(), h, swap));
                    return t.keep(Engine.run(scale, twice, h));
                }
            };
            try (Replay replay = device.replay(work)) {
                for (int i = 0; i < 5; i++) {
                    try (Scope _ = Scope.open()) {
                        Tensor x = Tensor.of(new float[] {i, 10 * i}, 1, 2).to(device), other = Tensor.of(new float[] {7, 8}, 1, 2).to(device);
                        Tensor y = replay.run(x);
                        assertThat(y.toFloats()).containsExactly(40 * i + 3, 4 * i + 3);
                        if (i == 0) assertThat(other.toFloats()).containsExactly(7, 8);
                    }
                }
                assertThat(asked[0]).as("once plainly, once captured").isEqualTo(2);
                Tensor odd = Tensor.of(new float[] {1}, 1, 1).to(device);
                assertThatThrownBy(() -> replay.run(odd)).hasMessage("captured work takes F32[1, 2] as input 0, not F32[1, 1]");
            }
            reserves(device, work, swap);
            Replay reads = device.replay(in -> in[0].to(Device.CPU).to(device));
            reads.run(swap);
            assertThatThrownBy(() -> reads.run(swap)).hasMessage("work that is captured as a graph on cuda:0 must not wait for it or copy from or "
                    + "to the host");
            assertThat(swap.toFloats()).as("the device goes on").containsExactly(0, 1, 1, 0);
        }
    }

    /** Another thread that wants the device in the middle of a capture waits for its end. */
    private static void captureAmongOthers(CudaDevice device) {
        Scale scale = new Scale("scale", 0);
        AffineOp op = new AffineOp(2, 1);
        FutureTask<float[]> others = new FutureTask<>(() -> {
            try (Scope _ = Scope.open()) {
                return Engine.run(scale, op, Tensor.of(new float[] {5, 6}, 2).to(device)).toFloats();
            }
        });
        Thread other = Thread.ofPlatform().daemon().unstarted(others);
        int[] runs = {0};
        StandIn.note("two threads");
        try (Scope _ = Scope.open(); Replay replay = device.replay(in -> {
            Tensor h = Engine.run(scale, op, in[0]);
            if (++runs[0] == 2) startAndSeeWait(other);
            return Engine.run(scale, op, h);
        })) {
            Tensor x = Tensor.of(new float[] {1, 2}, 2).to(device);
            for (int i = 0; i < 2; i++) assertThat(replay.run(x).toFloats()).containsExactly(7, 11);
            assertThat(others.get()).containsExactly(11, 13);
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
        StandIn.note("end of two threads");
    }

    private static void startAndSeeWait(Thread t) {
        t.start();
        long begin = System.nanoTime();
        while (t.getState() != Thread.State.WAITING && System.nanoTime() - begin < 10e9) Thread.onSpinWait();
        assertThat(t.getState()).as("the other thread").isEqualTo(Thread.State.WAITING);
    }

    /** A graph's memory is not given to other work until the graph is freed. */
    private static void reserves(CudaDevice device, Replay work, Tensor x) {
        long before = device.pool().usedBytes();
        Replay replay = device.replay(work);
        for (int i = 0; i < 2; i++) {
            try (Scope _ = Scope.open()) {
                replay.run(x);
            }
        }
        float[] expected = replay.run(x).toFloats();
        try (Scope _ = Scope.open()) {
            for (int i = 0; i < 50; i++) Tensor.of(new float[] {9, 9, 9, 9}, 2, 2).to(device);
            assertThat(replay.run(x).toFloats()).isEqualTo(expected);
        }
        assertThat(device.pool().usedBytes()).isGreaterThan(before);
        replay.close();
        assertThat(device.pool().usedBytes()).isEqualTo(before);
    }

    /** Three blocks of weights alternate in the memory of two; one is loaded while the one before it is used. */
    private static void streams(CudaDevice device) {
        int floats = 1024;
        Scale scale = new Scale("scale", 0);
        try (Scope _ = Scope.open(); Arena arena = Arena.ofShared()) {
            MemorySegment[] blocks = new MemorySegment[3];
            for (int b = 0; b < blocks.length; b++) {
                blocks[b] = device.hostMemory(4L * floats, arena);
                for (int i = 0; i < floats; i++) blocks[b].set(DType.FLOAT, 4L * i, 100 * b + i);
            }
            List<Tensor> results = new ArrayList<>();
            Storage before = null, now = device.allocate(4L * floats);
            Runnable arrived = device.uploadAhead(blocks[0], now);
            for (int turn = 0; turn < 7; turn++) {
                if (before != null) device.release(before);
                Storage next = device.allocate(4L * floats);
                Runnable nextArrived = device.uploadAhead(blocks[(turn + 1) % 3], next);
                arrived.run();
                results.add(Engine.run(scale, new AffineOp(3, 0.5f), new Tensor(now, 0, Shape.of(floats), DType.F32, null)));
                before = now;
                now = next;
                arrived = nextArrived;
            }
            arrived.run();
            for (int turn = 0; turn < 7; turn++) {
                float[] y = results.get(turn).toFloats();
                for (int i = 0; i < floats; i++) assertThat(y[i]).as("turn " + turn).isEqualTo(3 * (100 * (turn % 3) + i) + 0.5f);
            }
            device.release(before);
            device.release(now);
        }
    }

    private static void memory(CudaDevice device) throws InterruptedException {
        device.pool().trim();
        assertThat(device.pool().usedBytes()).isZero();
        assertThat(device.freeBytes()).isEqualTo(256L << 20);
        long first;
        try (Scope _ = Scope.open()) {
            first = Tensor.empty(device, DType.F32, Shape.of(1 << 20)).address();
        }
        try (Scope _ = Scope.open()) {
            assertThat(Tensor.empty(device, DType.F32, Shape.of(1 << 20)).address()).isEqualTo(first);
            assertThat(device.pool().peakBytes()).isGreaterThanOrEqualTo(4 << 20);
            assertThatThrownBy(() -> Tensor.empty(device, DType.U8, Shape.of(320 << 20))).isInstanceOf(OutOfMemoryError.class)
                    .hasMessageContaining("out of memory on cuda:0: asked for 320 MB while 4 MB are in use and 252 MB are free");
            Tensor.empty(device, DType.U8, Shape.of(200 << 20));
        }
        // Idle blocks make room for a request of another size.
        try (Scope _ = Scope.open()) {
            Tensor.empty(device, DType.U8, Shape.of(230 << 20));
        }
        // Another thread has no context of its own.
        Throwable[] failure = {null};
        Thread other = Thread.ofPlatform().start(() -> {
            try (Scope _ = Scope.open()) {
                assertThat(Tensor.of(new float[] {1, 2}, 2).to(device).to(Device.CPU).toFloats()).containsExactly(1, 2);
            } catch (Throwable e) {
                failure[0] = e;
            }
        });
        other.join();
        assertThat(failure[0]).isNull();
    }
}
