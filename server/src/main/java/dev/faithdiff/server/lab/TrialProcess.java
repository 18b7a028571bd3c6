package dev.faithdiff.server.lab;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.faithdiff.tensor.op.Op;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The process in which a kernel is tried, so that a crash or an endless loop costs the server nothing. It says each finding as a line of JSON that
 * begins with {@link #MARK}; the kernel's own output has other lines.
 */
final class TrialProcess {
    static final String MARK = "\u0001";
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().serializeSpecialFloatingPointValues().create();

    private TrialProcess() {}

    /** Hears of what was found. */
    interface Findings {
        void found(String stage, Map<String, Object> facts);
    }

    /** @param args the language, java or cuda; the op's name, or a source's file; the file of the source; the program's home */
    public static void main(String[] args) throws Exception {
        PrintStream out = System.out;
        Findings findings = (stage, facts) -> {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("stage", stage);
            all.putAll(facts);
            synchronized (out) {
                out.println(MARK + GSON.toJson(all));
                out.flush();
            }
        };
        String source = Files.readString(Path.of(args[2]), StandardCharsets.UTF_8);
        if (args[0].equals("cuda")) CudaTrial.run(args[1], Path.of(args[2]), findings);
        else {
            Class<? extends Op> op = KernelSources.op(args[1]);
            new JavaTrial(op, Path.of(args[3]), findings).run(source);
        }
        System.exit(0);
    }
}
