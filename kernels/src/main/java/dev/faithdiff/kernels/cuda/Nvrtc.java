package dev.faithdiff.kernels.cuda;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import jcuda.nvrtc.JNvrtc;
import jcuda.nvrtc.nvrtcProgram;

/** NVIDIA's run-time compiler. */
final class Nvrtc implements CudaModules.Compiler {
    @Override public String version() {
        int[] major = {0}, minor = {0};
        check(JNvrtc.nvrtcVersion(major, minor), "asking for its version");
        return "nvrtc " + major[0] + "." + minor[0];
    }

    @Override public List<Integer> known() {
        int[] count = {0};
        check(JNvrtc.nvrtcGetNumSupportedArchs(count), "counting architectures");
        int[] known = new int[count[0]];
        check(JNvrtc.nvrtcGetSupportedArchs(known), "listing architectures");
        return Arrays.stream(known).boxed().toList();
    }

    @Override public byte[] compile(String source, String name, List<String> options) {
        nvrtcProgram program = new nvrtcProgram();
        check(JNvrtc.nvrtcCreateProgram(program, source, name, 0, null, null), "taking " + name);
        try {
            int code = JNvrtc.nvrtcCompileProgram(program, options.size(), options.toArray(String[]::new));
            if (code != 0) {
                String[] log = {""};
                JNvrtc.nvrtcGetProgramLog(program, log);
                throw new CudaError(name + " does not compile with " + options + ": " + JNvrtc.nvrtcGetErrorString(code) + "\n" + log[0]);
            }
            if (options.stream().anyMatch(o -> o.startsWith("-arch=compute_"))) {
                String[] text = {""};
                check(JNvrtc.nvrtcGetPTX(program, text), "reading the code of " + name);
                return (text[0] + "\0").getBytes(StandardCharsets.ISO_8859_1);
            }
            long[] size = {0};
            check(JNvrtc.nvrtcGetCUBINSize(program, size), "measuring " + name);
            byte[] cubin = new byte[Math.toIntExact(size[0])];
            check(JNvrtc.nvrtcGetCUBIN(program, cubin), "reading the code of " + name);
            return cubin;
        } finally {
            JNvrtc.nvrtcDestroyProgram(program);
        }
    }

    private static void check(int code, String what) {
        if (code != 0) throw new CudaError("NVRTC failed at " + what + ": " + JNvrtc.nvrtcGetErrorString(code));
    }
}
