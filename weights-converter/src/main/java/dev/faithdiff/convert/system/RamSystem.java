package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.Shape;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;

/** RAM, which tags photos, and DAPE: RAM with the changes of {@code DAPE.pth}. For that file alone, the base is RAM's. */
final class RamSystem implements ReleasedSystem {
    @Override public String kind() { return "ram"; }

    @Override public boolean is(Release release) { return release.find(TaggerFiles.RAM) != null || release.find(TaggerFiles.DAPE) != null; }

    @Override public Converter converter(Release release, Precision precision) {
        Path dape = release.find(TaggerFiles.DAPE);
        return new Made(new TaggerFiles(release.base() != null ? release.base() : release.file(TaggerFiles.RAM), dape), dape != null, precision);
    }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        return Map.of(TaggerFiles.PART, TaggerFiles.needed(part.apply(TaggerFiles.PART)));
    }

    @Override public Map<String, byte[]> publishedFiles() { return TaggerFiles.publishedList(); }

    private final class Made implements Converter {
        private final TaggerFiles files;
        private final boolean isDape;
        private final Precision precision;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;

        Made(TaggerFiles files, boolean isDape, Precision precision) {
            this.files = files;
            this.isDape = isDape;
            this.precision = precision;
            plan = new ModelPlan(precision, report);
        }

        @Override public ConversionReport plan() {
            String source = isDape ? TaggerFiles.DAPE + " on " + TaggerFiles.RAM : TaggerFiles.RAM;
            plan.file("model.json", ModelJson.whole(source, kind(), new JsonObject()));
            files.plan(plan, report, precision);
            report.requireComplete();
            return report;
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() { files.close(); }
    }
}
