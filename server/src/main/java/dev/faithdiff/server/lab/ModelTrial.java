package dev.faithdiff.server.lab;

import dev.faithdiff.cli.Profile;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.KernelTable;
import dev.faithdiff.tensor.op.Op;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A photo restored by the bundled model without and with one more kernel before all others: time by layer, and what differs in the picture. */
final class ModelTrial {
    private static final int TURNS = 3, AMPLIFIED = 32;

    private final Path home;
    private final TrialProcess.Findings findings;

    ModelTrial(Path home, TrialProcess.Findings findings) {
        this.home = home;
        this.findings = findings;
    }

    /** Nanoseconds of ops by module, and how often the kernel ran. */
    private static final class Times implements Engine.Observer {
        private final Map<String, Long> modules = new LinkedHashMap<>();
        private final String wanted;
        private String module = "input";
        private long total;
        private int runs;

        Times(String wanted) { this.wanted = wanted; }

        @Override public synchronized void ran(Op op, Tensor[] in, Tensor out, String kernel, long nanos) {
            String key = Profile.weight(in);
            if (key != null) module = Profile.module(key);
            modules.merge(module, nanos, Long::sum);
            total += nanos;
            if (kernel.equals(wanted)) runs++;
        }
    }

    void run(Kernel<?> kernel) {
        KernelTable with = KernelTable.STANDARD.with(Device.CPU.kind(), kernel);
        findings.found("begun", Map.of("work", "a restored photo"));
        try (Restorer restorer = Restorers.open(home.resolve("models/faithdiff-mini"), Device.CPU)) {
            Photo photo = ImageFiles.readPhoto(home.resolve("samples/chelsea-degraded.jpg"));
            Times before = null, after = null;
            Image old = null, now = null;
            for (int turn = 0; turn < TURNS; turn++) {
                Times a = new Times(kernel.name()), b = new Times(kernel.name());
                old = Engine.observed(a, () -> restorer.restore(photo.visible(), restorer.defaults()));
                now = Engine.onKernels(with, () -> Engine.observed(b, () -> restorer.restore(photo.visible(), restorer.defaults())));
                if (before == null || a.total < before.total) before = a;
                if (after == null || b.total < after.total) after = b;
            }
            findings.found("model", model(before, after));
            findings.found("picture", picture(old, now));
        }
    }

    private static Map<String, Object> model(Times before, Times after) {
        List<Map<String, Object>> layers = new ArrayList<>();
        before.modules.entrySet().stream().sorted((a, b) -> Long.compare(b.getValue(), a.getValue())).limit(40).forEach(e -> layers.add(
                Map.of("layer", e.getKey(), "before", e.getValue() / 1e6, "after", after.modules.getOrDefault(e.getKey(), 0L) / 1e6)));
        return Map.of("runs", after.runs, "before", before.total / 1e6, "after", after.total / 1e6, "layers", layers);
    }

    private static Map<String, Object> picture(Image before, Image after) {
        byte[] a = before.rgb(), b = after.rgb(), d = new byte[a.length];
        int largest = 0, changed = 0;
        for (int i = 0; i < a.length; i++) {
            int difference = Math.abs((a[i] & 255) - (b[i] & 255));
            largest = Math.max(largest, difference);
            if (difference > 0) changed++;
            d[i] = (byte) Math.min(255, AMPLIFIED * difference);
        }
        return Map.of("largest", largest, "changed", changed / (double) a.length, "amplified", AMPLIFIED, "before", png(before), "after", png(after),
                "difference", png(Image.of(before.width(), before.height(), d)));
    }

    private static String png(Image image) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageFiles.write(Photo.of(image), out, new Encoding(ImageFormat.PNG));
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(out.toByteArray());
    }
}
