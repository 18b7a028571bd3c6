package dev.faithdiff.server.lab;

import com.google.gson.JsonObject;
import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.server.Refusal;
import dev.faithdiff.server.WebServer;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The HTTP API of the kernel laboratory: ops and their kernels, sources to begin with, and trials. */
final class LabApi implements WebServer.Part {
    private static final int LONGEST = 1 << 18;

    private final Trials trials;
    private final KernelSources sources;

    LabApi(Trials trials, KernelSources sources) {
        this.trials = trials;
        this.sources = sources;
    }

    @Override public void addTo(RoutesConfig routes) {
        routes.get("/v1/lab/ops", ctx -> WebServer.json(ctx, Map.of("ops", Cases.ops().stream().map(LabApi::fact).toList(), "cuda", cuda())));
        routes.get("/v1/lab/source", this::source);
        routes.post("/v1/lab/trials", this::begin);
        routes.get("/v1/lab/trials/{id}", ctx -> WebServer.json(ctx, trials.get(ctx.pathParam("id")).since(from(ctx))));
        routes.delete("/v1/lab/trials/{id}", ctx -> {
            trials.cancel(ctx.pathParam("id"));
            ctx.status(202);
        });
    }

    private static Map<String, Object> fact(Class<? extends Op> op) {
        Map<String, Object> f = new LinkedHashMap<>();
        f.put("op", Op.name(op));
        f.put("kernels", KernelSources.kernels(op).stream().map(Kernel::name).toList());
        f.put("cases", Cases.parity(op).size());
        f.put("modelCases", Cases.model(op).size());
        return f;
    }

    private static List<String> cuda() {
        return new CudaBackend().kernels().stream().filter(CudaKernel.class::isInstance).map(k -> ((CudaKernel<?>) k).source() + ".cu")
                .distinct().sorted().toList();
    }

    private void source(Context ctx) {
        String cuda = ctx.queryParam("cuda"), name = ctx.queryParam("kernel");
        if (cuda != null) {
            String text = KernelSources.cuda(cuda);
            if (text == null) throw new Refusal(404, "there is no such CUDA source");
            WebServer.json(ctx, Map.of("source", text));
            return;
        }
        Class<? extends Op> op = op(ctx.queryParam("op"));
        Kernel<?> kernel = KernelSources.kernels(op).stream().filter(k -> k.name().equals(name)).findFirst().orElse(null);
        WebServer.json(ctx, Map.of("source", sources.java(op, kernel)));
    }

    private static Class<? extends Op> op(String name) {
        Class<? extends Op> op = name == null ? null : KernelSources.op(name);
        if (op == null) throw new Refusal(404, "there is no such op");
        return op;
    }

    private void begin(Context ctx) {
        JsonObject asked = WebServer.body(ctx);
        String language = text(asked, "language"), subject = text(asked, "subject"), source = text(asked, "source");
        if (source.length() > LONGEST) throw new Refusal(413, "the source is longer than " + LONGEST + " characters");
        if (language.equals("java")) op(subject);
        else if (!language.equals("cuda") || KernelSources.cuda(subject) == null) throw new Refusal(422, "there is no such language or CUDA source");
        Trials.Trial trial = trials.begin(new Trials.Order(language, subject, source));
        ctx.status(202).header("Location", "/v1/lab/trials/" + trial.id());
        WebServer.json(ctx, trial.since(0));
    }

    private static String text(JsonObject asked, String name) {
        if (!asked.has(name) || !asked.get(name).isJsonPrimitive()) throw new Refusal(422, name + " is missing");
        return asked.get(name).getAsString();
    }

    private static int from(Context ctx) {
        String text = ctx.queryParam("from");
        if (text == null) return 0;
        if (!text.matches("\\d{1,6}")) throw new Refusal(400, "from must be a whole number");
        return Integer.parseInt(text);
    }
}
